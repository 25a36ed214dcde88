"""The benchmark that lets anomalib's detectors and ours take turns, and its processes."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from detector_rig import frame_of
from engine_rig import untrained


@pytest.fixture(scope='module')
def peers(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('peers')


@pytest.fixture(scope='module')
def worker(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('peer_worker')


class Scripted:
    """A worker that takes so many milliseconds for each pass, and says when it was asked."""

    def __init__(self, name: str, engine: str, ms: float, log: list[str],
                 passes: tuple[int, ...] = (1, 2), slow: bool = False) -> None:
        self.name, self.engine, self.passes, self.slow = name, engine, passes, slow
        self._ms, self._log = ms, log

    def ask(self, passes: int) -> None:
        self._log.append(f'{self.name} {passes}')
        self._found = [self._ms * passes] * 3

    def answer(self) -> list[float]:
        return self._found


def test_rounds_alternate_and_slow_ones_take_few_turns(peers: ModuleType) -> None:
    log: list[str] = []
    ours = Scripted('ours', 'torch', 20.0, log, (2,))
    slow = Scripted('cfm', 'torch', 9000.0, log, (2,), slow=True)
    times = peers.measured([ours, Scripted('stfpm', 'torch', 30.0, log), slow], 5)
    turn = ['ours 2', 'stfpm 1', 'stfpm 2', 'cfm 2']
    assert log == turn * 3 + turn[:3] * 2
    assert times == {('ours', 'torch'): {2: 40.0}, ('stfpm', 'torch'): {1: 30.0, 2: 60.0},
                     ('cfm', 'torch'): {2: 18000.0}}


def test_the_last_line_has_the_fastest_of_each(peers: ModuleType) -> None:
    found = peers.figures({
        ('ours', 'torch'): {2: 40.0}, ('ours', 'openvino'): {2: 25.0},
        ('stfpm', 'torch'): {1: 75.0, 2: 150.0}, ('stfpm', 'openvino'): {1: 50.0, 2: 99.96},
        ('cfm', 'torch'): {2: 9000.0}})
    assert found == {'ours_ms': 25.0, 'peers_ms': {'stfpm': 50.0, 'cfm': 9000.0},
                     'both_ms': {'stfpm': 100.0, 'cfm': 9000.0}, 'ratio': 2.0, 'ratio_both': 4.0}
    alone = peers.figures({('ours', 'torch'): {2: 40.0}})
    assert alone['peers_ms'] == {} and alone['ratio'] is None


def arguments(tmp_path: Path, **given: Any) -> Namespace:
    return Namespace(**{'peers_python': None, 'peers': ['stfpm'], 'engines': ['torch'],
                        'model': untrained(tmp_path / 'dcmd_disc_best.pth'), 'threads': 1,
                        **given})


def small_frame(path: Path) -> Path:
    frame = frame_of(300)
    assert frame.rgb is not None and frame.depth is not None
    np.savez(path, rgb=frame.rgb, depth=frame.depth, part=frame.depth > 0,
             xyz=np.dstack([frame.depth] * 3))
    return path


def test_our_own_process_answers(peers: ModuleType, tmp_path: Path, capsys: Any,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, 'picture', small_frame)
    monkeypatch.setattr(peers, 'TURN', 1.0)
    with peers.workers(arguments(tmp_path)) as [ours]:
        assert (ours.name, ours.engine, ours.passes) == ('ours', 'torch', (2,))
        [[once], [again]] = [turn(ours), turn(ours)]
        assert once > 0 and again > 0
        found = peers.figures(peers.measured([ours], 1))
    assert 'ours alone' in capsys.readouterr().out
    assert list(json.loads(json.dumps(found))) == ['ours_ms', 'peers_ms', 'both_ms', 'ratio',
                                                   'ratio_both']


def turn(worker: Any) -> list[float]:
    worker.ask(2)
    found: list[float] = worker.answer()
    return found


def test_what_cannot_be_had_is_told_and_left_out(peers: ModuleType, tmp_path: Path, capsys: Any,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('torch')
    monkeypatch.setattr(peers, 'picture', small_frame)
    wanted = [(sys.executable, 'ours', 'abacus')]
    monkeypatch.setattr(peers, 'wanted', lambda args: wanted)
    with peers.workers(arguments(tmp_path)) as found:
        assert found == []
    assert "left out: ours abacus: EngineError: engine 'abacus' is unknown" in \
        capsys.readouterr().out


def test_each_peer_runs_with_each_engine_in_its_own_environment(
        peers: ModuleType, tmp_path: Path) -> None:
    args = arguments(tmp_path, peers_python=Path('there'), peers=['stfpm', 'cfm'],
                     engines=['torch', 'openvino-f32'])
    assert list(peers.wanted(args)) == [
        (sys.executable, 'ours', 'torch'), ('there', 'stfpm', 'torch'),
        ('there', 'stfpm', 'openvino-f32'), ('there', 'cfm', 'torch'),
        ('there', 'cfm', 'openvino-f32')]


def test_depth_becomes_a_picture_and_maps_get_the_frames_size(worker: ModuleType) -> None:
    depth = np.linspace(0.5, 0.6, 100, dtype=np.float32).reshape(10, 10)
    depth[0, 0] = 0
    picture = worker.grey(depth)
    assert picture.shape == (10, 10, 3) and picture.dtype == np.uint8
    assert picture[0, 0, 0] == 0 and picture[9, 9, 0] == 255 and picture[5, 0, 0] > 100
    assert worker.spread(depth, (20, 30)).shape == (20, 30)
