"""replay and evaluate of a folder of bags, with the shipped model; one of the bags is broken."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from recorded_bag import write_bag

from dcmd_ros.bags.reader import Bag
from dcmd_ros.cli import main
from dcmd_ros.simulation import simulate

MODEL = Path(__file__).resolve().parents[2] / 'models' / 'dcmd_turned_best.pth'
SEED = 4711
PARTS = {'monday': [None, 'dent', None, 'cut'], 'tuesday': [None, 'foreign']}


@pytest.fixture
def bags(tmp_path: Path) -> Path:
    """Two bags of simulated parts, labelled, and one that is no bag inside."""
    folder = tmp_path / 'week'
    for day, defects in PARTS.items():
        parts = [simulate(SEED, 'turned', n, defect) for n, defect in enumerate(defects)]
        write_bag(folder / f'{day}.mcap', len(parts), lambda n, parts=parts: {
            'rgb': parts[n].rgb, 'depth': parts[n].depth}, camera=parts[0].intrinsics,
            masks=[part.mask for part in parts])
    (folder / 'wednesday.mcap').write_bytes(b'the recorder was killed before it began')
    return folder


def test_replay_does_the_whole_ones_and_names_the_broken_one(
        bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'out'
    assert main(['replay', str(bags), '--model', str(MODEL), '--out', str(out), '--device', 'cpu',
                 '--report', str(tmp_path / 'report'), '--json']) == 1
    said = capsys.readouterr()
    assert '1 of 3 bags failed' in said.err and 'wednesday' in said.err
    figures = json.loads(said.out.splitlines()[-1])
    assert {name: bag['frames'] for name, bag in figures['bags'].items()} == {
        'monday': 4, 'tuesday': 2}
    assert list(figures['failed']) == ['wednesday']
    assert figures['bags']['monday']['metrics']['i_auroc'] == 1.0
    rows = list(csv.DictReader((out / 'summary.csv').open()))
    assert [(row['bag'], row['frames']) for row in rows] == [('monday', '4'), ('tuesday', '2')]
    with Bag(out / 'tuesday.mcap') as made:
        assert {t.name: t.count for t in made.topics}['/dcmd_inspector/inspection'] == 2
    assert (tmp_path / 'report' / 'monday' / 'index.html').is_file()


def test_one_bag_alone_gives_what_it_gives_among_others(
        bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = []
    for source, out in ((bags / 'monday.mcap', tmp_path / 'monday.mcap'), (bags, tmp_path)):
        out = out if source.suffix else out / 'all'
        main(['replay', str(source), '--model', str(MODEL), '--out', str(out), '--device', 'cpu'])
        table = (out if out.is_dir() else out.parent) / 'monday.csv'
        tables.append(list(csv.DictReader(table.open())))
    alone, among = tables
    assert len(alone) == 4
    for one, other in zip(alone, among, strict=True):
        assert float(one.pop('score')) == pytest.approx(float(other.pop('score')), abs=1e-6)
        assert one == other


def test_evaluate_does_the_whole_ones_and_names_the_broken_one(
        bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / 'out'
    assert main(['evaluate', str(bags), 'turned', '--model', str(MODEL), '--out', str(out),
                 '--device', 'cpu']) == 1
    assert 'wednesday' in capsys.readouterr().err
    found = json.loads((out / 'metrics.json').read_text())
    assert list(found['categories']) == ['monday', 'tuesday']
    assert found['mean']['both']['i_auroc'] == pytest.approx(1.0)
    assert len(list(out.glob('dcmd_monday_*.png'))) == 4
