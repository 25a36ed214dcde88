"""The page and the verb that writes it."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from test_evaluation import Ruler, make_dataset

from dcmd_ros.cli import main
from dcmd_ros.evaluation import charts, output, tables
from dcmd_ros.evaluation.conditions import CONDITIONS, MODES
from dcmd_ros.evaluation.evaluate import METRICS, evaluate
from dcmd_ros.evaluation.gallery import Gallery
from dcmd_ros.evaluation.markup import tag
from dcmd_ros.evaluation.report import Pictures, report

VOID = {'img', 'meta'}


class Outline(HTMLParser):
    """Checks that tags nest, and keeps the tags, addresses and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ''
        self.feed(page)
        assert not self.open, f'never closed: {self.open}'

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(name)
        self.links += [value or '' for key, value in attributes
                       if key in ('src', 'href', 'action', 'xlink:href')]
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(name, attributes)
        if name not in VOID:
            self.open.pop()

    def handle_endtag(self, name: str) -> None:
        assert self.open and self.open.pop() == name, f'</{name}> closes another tag'

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(tmp_path: Path, conditions=CONDITIONS, against=None, category='bracket',
            **more) -> Outline:
    result = evaluate(Ruler(), make_dataset(tmp_path, category, **more), conditions,
                      progress=False)
    return Outline(report(result, {'model': 'm.pth'}, Pictures(lambda *_: b'x'), against))


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert page.links
    assert all(link.startswith(('data:image/jpeg;base64,', '#')) for link in page.links)
    assert not {'script', 'link', 'iframe', 'object'} & set(page.tags)


def test_the_page_shows_every_condition_metric_and_kind(tmp_path: Path) -> None:
    text = page_of(tmp_path).text
    for name in (*CONDITIONS, *tables.NAMES.values(), 'dent', 'stain', 'm.pth'):
        assert name in text
    assert set(tables.NAMES) == set(METRICS)


def test_names_from_the_disk_are_escaped(tmp_path: Path) -> None:
    name = '<script>alert(1)</script>&"'.replace('/', '∕')
    page = page_of(tmp_path, MODES, category=name, parts=2)
    assert 'script' not in page.tags
    assert name in page.text


def test_markup_is_kept_and_text_is_escaped() -> None:
    inner = tag('b', 'a < b')
    assert tag('p', inner, '<i>', title='"x"') == (
        '<p title="&quot;x&quot;"><b>a &lt; b</b>&lt;i&gt;</p>')


def test_another_run_s_differences_are_signed_and_judged(tmp_path: Path) -> None:
    other = {'categories': {'bracket': {'both': {
        'i_auroc': 0.9, 'far': 0.0, 'f1': None, 'confidence_rgb': 0.5}}}, 'mean': {}}
    assert '+10.0' in page_of(tmp_path, MODES, other).text
    assert 'class="better">+10.0' in tables.versus('i_auroc', 1.0, 0.9)
    assert 'class="worse">+10.0' in tables.versus('far', 0.1, 0.0)
    assert 'class' not in tables.versus('confidence_rgb', 1.0, 0.5)
    assert tables.versus('f1', 1.0, None) == ''


def test_cells_are_tinted_by_what_they_lose_against_both_sensors() -> None:
    assert 'loss' in str(tables.tint('i_auroc', 0.8, 0.9))
    assert 'loss' in str(tables.tint('far', 0.2, 0.1))
    assert 'gain' in str(tables.tint('far', 0.0, 0.1))
    assert tables.tint('i_auroc', 0.9, 0.9) is None
    assert tables.tint('confidence_rgb', 0.1, 0.9) is None


def test_a_report_of_good_parts_alone_is_still_a_page(tmp_path: Path) -> None:
    page = page_of(tmp_path, labels=('good',))
    assert 'image AUROC needs good and defective samples' in page.text
    assert 'ROC over parts' not in page.text
    assert 'nan' not in page.text


def test_histogram_bars_are_as_high_as_their_counts() -> None:
    drawn = charts.histogram('t', [0.01, 0.01, np.nan], [0.9], 0.5)
    bars = dict(re.findall(r'height="([\d.]+)" class="bar (\w+)"', drawn))
    heights = {name: float(height) for height, name in bars.items()}
    assert heights['good'] == pytest.approx(2 * heights['defective'], abs=0.02)


def test_values_that_are_no_numbers_become_null() -> None:
    assert output.plain({'a': float('nan'), 'b': (1.0, float('inf'))}) == {
        'a': None, 'b': [1.0, None]}


def test_writing_replaces_the_file_whole_or_not_at_all(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'new' / 'page.html'
    output.write(path, 'first')

    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr(output.os, 'replace', full)
    with pytest.raises(output.OutputError, match='page.html: cannot be written .No space'):
        output.write(path, 'second')
    assert path.read_text() == 'first'
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize('content', [
    '', '[]', '{"categories": {}}', '{"categories": 1, "mean": 2}',
    '{"categories": {"a": 3}, "mean": {}}'])
def test_a_file_that_is_no_metrics_json_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / 'other.json'
    path.write_text(content)
    with pytest.raises(output.OutputError, match='other.json'):
        output.read_metrics(path)


def test_panels_show_both_sensors_whatever_else_is_evaluated(tmp_path: Path) -> None:
    data = make_dataset(tmp_path, parts=2)
    for name, conditions in (('few', ('both',)), ('all', CONDITIONS)):
        gallery = Gallery(tmp_path / name)
        evaluate(Ruler(), data, conditions, progress=False, observe=gallery)
    written = {path.name: path.read_bytes() for path in (tmp_path / 'all').iterdir()}
    assert written == {path.name: path.read_bytes() for path in (tmp_path / 'few').iterdir()}
    assert list(gallery.pictures().examples['bracket'])[:3] == list(MODES)


@pytest.fixture
def ruler_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of 'checkpoints' that the stand-in inspector takes."""
    class Inspector(Ruler):
        warnings = ('fell back to cpu',)

        def __init__(self, model: Path, device: str = 'auto', engine: str = 'torch') -> None:
            super().__init__()
            self.category = Path(model).stem.split('_')[1]
    module = ModuleType('dcmd_ros.inspector')
    module.Inspector = Inspector  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, 'dcmd_ros.inspector', module)
    folder = tmp_path / 'models'
    folder.mkdir()
    for category in ('bracket', 'plate'):
        make_dataset(tmp_path / 'data', category, parts=3)
        (folder / f'dcmd_{category}_best.pth').touch()
    return folder


def test_the_verb_writes_everything_for_several_categories(
        tmp_path: Path, ruler_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'out'
    command = ['evaluate', str(tmp_path / 'data'), 'bracket', 'plate', '--out', str(out), '--json']
    assert main([*command, '--model', str(ruler_model), '--matrix']) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    written = json.loads((out / 'metrics.json').read_text())
    assert {key: written[key] for key in ('categories', 'mean')} == figures
    assert set(written['categories']) == {'bracket', 'plate'}
    assert set(written['mean']) == set(CONDITIONS)
    assert len((out / 'scores.csv').read_text().splitlines()) == 1 + 2 * 9 * len(CONDITIONS)
    panels = sorted(path.name for path in out.glob('*.png'))
    assert len(panels) == 18 and 'dcmd_plate_dent_002.png' in panels
    assert cv2.imread(str(out / panels[0])) is not None
    page = Outline((out / 'index.html').read_text())
    assert 'bracket: fell back to cpu' in page.text
    assert page.tags.count('img') >= 2 * (2 + 2 + 14)

    assert main([*command, '--model', f'{ruler_model}/dcmd_{{category}}_best.pth',
                 '--against', str(out / 'metrics.json')]) == 0
    assert set(json.loads((out / 'metrics.json').read_text())['mean']) == set(MODES)
    assert 'the difference from the other run' in (out / 'index.html').read_text()


def test_a_model_of_another_category_is_noted(tmp_path: Path, ruler_model: Path,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['evaluate', str(tmp_path / 'data'), 'plate', '--out', str(tmp_path / 'out'),
                 '--model', str(ruler_model / 'dcmd_bracket_best.pth')]) == 0
    assert 'note: plate: the model dcmd_bracket_best.pth was trained on bracket' in (
        capsys.readouterr().err)


def test_a_missing_model_is_named_before_anything_runs(tmp_path: Path, ruler_model: Path,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    (ruler_model / 'dcmd_plate_best.pth').unlink()
    out = tmp_path / 'out'
    assert main(['evaluate', str(tmp_path / 'data'), 'bracket', 'plate', '--out', str(out),
                 '--model', str(ruler_model)]) == 1
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1 and 'dcmd_plate_best.pth: no such model' in error[0]
    assert not out.exists()
