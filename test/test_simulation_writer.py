"""`generate` writes what the data sets of MVTec 3D-AD look like, and destroys nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from dcmd_ros.cli import main
from dcmd_ros.simulation import DEFECTS, simulate
from dcmd_ros.simulation.belt import place
from dcmd_ros.simulation.writer import Recipe, plan
from dcmd_ros.training.datasets import open_dataset

SIZE = (160, 120)
PARTS = 3


def generate(out: Path, *more: str) -> int:
    return main(['generate', str(out), '--kinds', 'woven', '--parts', str(PARTS), '--seed', '4',
                 '--size', '160x120', *more])


@pytest.fixture(scope='module')
def category(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('generated')
    assert generate(out) == 0
    return out / 'woven'


def files(category: Path) -> list[str]:
    return sorted(str(file.relative_to(category)) for file in category.rglob('*.*')
                  if file.is_file())


def test_every_part_is_there_once(category: Path) -> None:
    recipe = Recipe('woven', 4, PARTS, SIZE, '')
    assert len(list(category.glob('train/good/rgb/*.png'))) == PARTS
    assert len(list(category.glob('*/*/xyz/*.tiff'))) == recipe.total
    assert {d.name for d in (category / 'test').iterdir()} == {'good', *DEFECTS}
    indices = [item.index for item in plan(recipe)]
    assert indices == list(range(recipe.total))


def test_files_hold_what_was_simulated(category: Path) -> None:
    item = next(i for i in plan(Recipe('woven', 4, PARTS, SIZE, '')) if i.defect == 'crack')
    frame = simulate(4, 'woven', item.index, 'crack', SIZE)
    folder = category / 'test' / 'crack'
    xyz = cv2.imread(str(folder / 'xyz' / '000.tiff'), cv2.IMREAD_UNCHANGED)
    assert xyz.dtype == np.float32 and np.array_equal(xyz[..., ::-1], frame.xyz)
    rgb = cv2.imread(str(folder / 'rgb' / '000.png'))
    assert np.array_equal(rgb[..., ::-1], frame.rgb)
    truth = cv2.imread(str(folder / 'gt' / '000.png'), cv2.IMREAD_UNCHANGED)
    assert truth.dtype == np.uint8 and np.array_equal(truth, frame.mask * np.uint8(255))


def test_good_test_parts_have_an_empty_truth_and_training_parts_none(category: Path) -> None:
    for path in category.glob('test/good/gt/*.png'):
        assert not cv2.imread(str(path), cv2.IMREAD_UNCHANGED).any()
    assert list(category.glob('test/good/gt/*.png'))
    assert not list(category.glob('train/good/gt/*'))


def test_the_data_set_reader_reads_it(category: Path) -> None:
    data = open_dataset(category.parent, 'woven')
    assert data.layout == 'mvtec'
    assert len(data.split('train')) == PARTS
    sample = next(s for s in data.split('test') if s.label == 'foreign')
    assert sample.truth() is not None and sample.truth().any()
    noted = json.loads((category / 'intrinsics.json').read_text())
    assert data.intrinsics is not None
    assert data.intrinsics.fx == pytest.approx(noted['fx'], rel=1e-3)
    assert set(noted) == {'width', 'height', 'fx', 'fy', 'cx', 'cy', 'depth_unit_m', 'missing'}


def test_a_rerun_writes_only_what_is_missing(category: Path, capsys: pytest.CaptureFixture[str],
                                             ) -> None:
    before = files(category)
    gone = category / 'test' / 'dent' / 'xyz' / '001.tiff'
    content = gone.read_bytes()
    gone.unlink()
    assert generate(category.parent, '--json') == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])['written'] == 1
    assert files(category) == before and gone.read_bytes() == content


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'woven').mkdir()
    (tmp_path / 'woven' / 'mine.txt').write_text('keep')
    assert generate(tmp_path) == 1
    assert 'woven' in capsys.readouterr().err
    assert files(tmp_path) == ['woven/mine.txt']


def test_another_recipe_is_refused_by_what_differs(category: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    before = files(category)
    assert generate(category.parent, '--seed', '5') == 1
    assert 'seed 4 (asked for: 5)' in capsys.readouterr().err
    assert files(category) == before


def test_more_than_the_disk_holds_is_refused_before_anything_is_written(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(tmp_path, '--parts', '999999999999') == 1
    assert 'GB are free' in capsys.readouterr().err
    assert files(tmp_path) == []


def test_a_test_split_of_other_numbers_is_the_same_with_any_number_of_jobs(tmp_path: Path) -> None:
    more = ('--good-parts', '4', '--per-defect', '3', '--defects', 'dent,stain')
    found = []
    for jobs in ('1', '3'):
        assert generate(tmp_path / jobs, *more, '--jobs', jobs) == 0
        category = tmp_path / jobs / 'woven'
        assert {d.name: len(list(d.glob('rgb/*.png'))) for d in (category / 'test').iterdir()} == {
            'good': 4, 'dent': 3, 'stain': 3}
        found.append({name: (category / name).read_bytes() for name in files(category)})
    assert found[0] == found[1]


def test_other_numbers_than_before_are_refused(category: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(category.parent, '--per-defect', '7') == 1
    assert 'per_defect None (asked for: 7)' in capsys.readouterr().err
    recipe = json.loads((category / 'generate.json').read_text())
    assert set(recipe) == {'kind', 'seed', 'parts', 'size', 'version'}


def test_parts_may_lie_anywhere_on_the_belt_but_wholly_in_view(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = [simulate(4, 'turned', n, None, SIZE, shift=place(4, 'turned', n, SIZE, 0.1))
            for n in range(12)]
    middles = [np.nonzero(frame.part.any(0))[0].mean() for frame in seen]
    assert {frame.presence for frame in seen} == {'whole'}
    assert np.ptp(middles) > 0.25 * SIZE[0]
    assert place(4, 'woven', 0, SIZE, 0.1) == 0
    command = ['generate', str(tmp_path), '--kinds', 'turned', '--parts', '1', '--size', '160x120',
               '--per-defect', '0', '--good-parts', '1', '--seed', '4', '--spread']
    assert main([*command, '0.2']) == 1
    assert 'a turned part is not wholly in view' in capsys.readouterr().err
    assert main([*command, '0.1']) == 0
    rgb = cv2.imread(str(tmp_path / 'turned' / 'train' / 'good' / 'rgb' / '000.png'))
    assert np.array_equal(rgb[..., ::-1], seen[0].rgb)


@pytest.mark.parametrize('option', [
    ('--kinds', 'teapot'), ('--defects', 'rust'), ('--parts', '0'), ('--jobs', '0'),
    ('--size', '8x8'), ('--seed', '-1')])
def test_impossible_options_are_usage_errors(tmp_path: Path, option: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        generate(tmp_path, *option)
    assert exit_info.value.code == 2
