"""The verb replay: what it refuses, what it keeps, what it says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from recorded_bag import write_bag

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.cli import main
from dcmd_ros.simulation import simulate

MODEL = Path(__file__).resolve().parents[2] / 'models' / 'dcmd_turned_best.pth'
PARTS = [simulate(4711, 'turned', n, defect) for n, defect in enumerate([None, 'dent', 'cut'])]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_bag(tmp_path / 'in.mcap', len(PARTS), lambda n: {
        'rgb': PARTS[n].rgb, 'depth': PARTS[n].depth}, camera=PARTS[0].intrinsics,
        masks=[part.mask for part in PARTS])


def replay(bag: Path, out: Path, *more: object, model: object = MODEL) -> int:
    return main(['replay', str(bag), '--model', str(model), '--out', str(out), '--device', 'cpu',
                 *map(str, more)])


def test_the_bag_itself_is_never_overwritten(
        bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = bag.read_bytes()
    assert replay(bag, bag, '--overwrite') == 1
    assert bag.read_bytes() == before
    assert 'is the bag itself' in capsys.readouterr().err


@pytest.mark.parametrize(('model', 'more', 'said'), [
    ('nowhere.pth', (), 'no such model'),
    (MODEL, ('--report', 'in.mcap'), 'in.mcap'),
    (MODEL, ('--report', 'report', '--against', 'nowhere.json'), 'nowhere.json')])
def test_what_fails_leaves_nothing_that_blocks_the_next_try(
        bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: object,
        more: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert replay(bag, tmp_path / 'out.mcap', *more, model=model) == 1
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob('out.*'))


def test_masks_recorded_after_their_frames_count_all_the_same(
        bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Bag(bag) as source, BagWriter(tmp_path / 'late.mcap') as writer:
        for record in source.raw([topic.name for topic in source.topics]):
            late = 50_000_000 * record.topic.startswith('/truth')
            writer.write(record.topic, record.type, record.data, record.received + late)
    figures = []
    for source in (bag, tmp_path / 'late.mcap'):
        assert replay(source, tmp_path / f'{source.stem}_out.mcap', '--json') == 0
        figures.append(json.loads(capsys.readouterr().out.splitlines()[-1])['metrics'])
    assert figures[0] == figures[1]
    assert np.isfinite(figures[0]['aupro30']) and figures[0]['i_auroc'] == 1.0


def test_what_is_lost_of_a_damaged_bag_is_said(
        bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = bag.read_bytes()
    (tmp_path / 'cut.mcap').write_bytes(whole[:len(whole) * 3 // 4])
    assert replay(tmp_path / 'cut.mcap', tmp_path / 'out.mcap') == 0
    assert 'is lost' in capsys.readouterr().err
    rows = list(csv.DictReader((tmp_path / 'out.csv').open()))
    assert 0 < len(rows) < len(PARTS)
