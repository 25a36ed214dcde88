"""The benchmark of what an inspection's time grows with."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from detector_rig import frame_of
from engine_rig import untrained

from dcmd_ros.inspector import Inspector
from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint


@pytest.fixture(scope='module')
def scaling(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('scaling')


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp('model') / 'dcmd_disc_best.pth')


@pytest.fixture
def base(model: Path) -> Checkpoint:
    return load_checkpoint(model)


def test_jobs_take_turns(scaling: ModuleType) -> None:
    log: list[str] = []

    def job(name: str, times: list[float]) -> Callable[[], float]:
        def run() -> float:
            log.append(name)
            return times.pop(0)
        return run
    found = scaling.taking_turns({'a': job('a', [1, 9, 2]), 'b': job('b', [5, 3, 4])}, 3)
    assert log == list('ababab')
    assert found == {'a': scaling.Row(2, 1), 'b': scaling.Row(4, 2)}


def test_a_longer_list_of_frames_changes_nothing_else(scaling: ModuleType, base: Checkpoint,
                                                      tmp_path: Path) -> None:
    few, many = (scaling.trained_on(base, n, tmp_path / f'{n}.pth') for n in (50, 2000))
    assert [len(load_checkpoint(path).seen) for path in (few, many)] == [50, 2000]
    one, other = (Inspector(path, 'cpu').inspect(frame_of(3)) for path in (few, many))
    np.testing.assert_array_equal(one.map, other.map)


def test_a_scene_keeps_its_plane_at_another_resolution(scaling: ModuleType, base: Checkpoint,
                                                       ) -> None:
    scene = scaling.magnified(base.scene, 2.0, (3.0, -5.0), (192, 160))
    assert scene.surface.shape == (160, 192)

    def at(plane: tuple[float, float, float], column: float, row: float) -> float:
        return plane[0] * column + plane[1] * row + plane[2]
    tilted = (0.1, 0.02, 1.5)
    bent = scaling.magnified(base.scene.__class__(tilted, base.scene.surface, 0.0, 0.0, True),
                             2.0, (3.0, -5.0), (192, 160))
    assert at(bent.plane, 2 * 7 + 3, 2 * 11 - 5) == pytest.approx(at(tilted, 7, 11))


def test_a_model_as_if_trained_at_another_resolution_takes_its_frames(
        scaling: ModuleType, base: Checkpoint, tmp_path: Path) -> None:
    path = scaling.trained_at(base, (320, 240), tmp_path / 'm.pth')
    inspector = Inspector(path, 'cpu')
    assert (inspector.intrinsics.width, inspector.intrinsics.height) == (320, 240)
    frame = scaling.simulate(1, size=(320, 240)).frame(0)
    assert inspector.inspect(frame).map.shape == (240, 320)


def test_the_table_and_the_last_line(scaling: ModuleType, model: Path, capsys: Any) -> None:
    scaling.report(Namespace(model=model, engine='torch', threads=1, rounds=1,
                             frames=(50, 60), sizes=((96, 72),), cameras=(1,)))
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(last) == ['frames', 'resolution', 'trained', 'cameras', 'flat']
    assert set(last['frames']) == {'50', '60'} and set(last['resolution']) == {'96x72'}
    assert last['cameras']['1'] > 0 and last['flat'] >= 1


def test_a_time_that_depends_on_the_training_set_is_told(
        scaling: ModuleType, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {'50': scaling.Row(1.0, 1.0), '60': scaling.Row(2.0, 2.0)}
    for name in ('by_frames', 'by_size', 'by_cameras'):
        monkeypatch.setattr(scaling, name, lambda args, folder: rows)
    scaling.report(Namespace(model=model, rounds=scaling.LEAST - 1))
    with pytest.raises(SystemExit, match='differs by 2.000 with the training set'):
        scaling.report(Namespace(model=model, rounds=scaling.LEAST))
