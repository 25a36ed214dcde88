"""The benchmark that counts false alarms on fresh simulated parts."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tqdm import tqdm

from dcmd_ros.frame import Frame
from dcmd_ros.simulation import simulate
from dcmd_ros.training.material import fingerprint

PROGRAM = Path(__file__).parent.parent / 'benchmarks' / 'false_alarms.py'


@pytest.fixture(scope='module')
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location('false_alarms', PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_parts_are_rendered_when_they_are_read_and_counted(program: ModuleType) -> None:
    with tqdm(total=4, disable=True) as bar:
        read: list[int] = []
        bar.update = lambda n=1: read.append(n)  # type: ignore[method-assign,assignment]
        frames = program.drawn('turned', 5001, 2, bar)
        assert len(frames) == 2 and not read
        frame, wanted = frames[1], simulate(5001, 'turned', 1)
        assert read == [1]
    assert frame.rgb is not None and np.array_equal(frame.rgb, wanted.rgb)
    assert frame.depth is not None and np.array_equal(frame.depth, wanted.depth)
    assert frame.intrinsics == wanted.intrinsics


def test_each_condition_takes_or_darkens_a_sensor(program: ModuleType) -> None:
    frame = program.rendered('turned', 5002, 0)
    seen = {name: change(frame) for name, change in program.CONDITIONS.items()}
    modes = {name: one.mode for name, one in seen.items()}
    assert modes == {'both': 'both', 'rgb_only': 'rgb_only', 'depth_only': 'depth_only',
                     'rgb_dark': 'both', 'depth_dark': 'both'}
    assert not seen['rgb_dark'].rgb.any() and seen['rgb_dark'].depth.any()
    assert not seen['depth_dark'].depth.any() and seen['depth_dark'].rgb.any()


def judge_of(program: ModuleType, seen: set[str]) -> object:
    judge = program.Judge.__new__(program.Judge)
    judge.kind, judge.seed, judge.seen = 'turned', 5002, seen
    judge.inspector = SimpleNamespace(inspect=lambda frame: SimpleNamespace(
        verdict='anomalous' if frame.rgb is not None and not frame.rgb.any() else 'good'))
    return judge


def test_a_part_gets_a_verdict_under_each_condition(program: ModuleType) -> None:
    verdicts = judge_of(program, set())(3)  # type: ignore[operator]
    assert verdicts == {'both': 'good', 'rgb_only': 'good', 'depth_only': 'good',
                        'rgb_dark': 'anomalous', 'depth_dark': 'good'}


def test_parts_that_were_trained_on_are_refused(program: ModuleType) -> None:
    known: Frame = program.rendered('turned', 5002, 3)
    with pytest.raises(ValueError, match='part 3 of seed 5002 was trained on'):
        judge_of(program, {fingerprint(known)})(3)  # type: ignore[operator]


def test_rates_have_intervals_and_what_was_not_judged(program: ModuleType) -> None:
    found = program.figures({'both': Counter(good=985, anomalous=10, unknown=4, no_part=1)})
    assert found['rates'] == {'both': 0.01} and found['unjudged'] == {'both': 0.005}
    low, high = found['intervals']['both']
    assert low == pytest.approx(0.0054, abs=2e-4) and high == pytest.approx(0.0183, abs=2e-4)
