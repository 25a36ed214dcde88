"""The benchmark that counts false alarms on fresh simulated parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tqdm import tqdm

from dcmd_ros.evaluation.conditions import CONDITIONS
from dcmd_ros.frame import Frame
from dcmd_ros.simulation import simulate
from dcmd_ros.training.material import fingerprint


@pytest.fixture(scope='module')
def program(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('false_alarms')


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


def test_all_that_the_matrix_does_to_a_frame_is_judged(program: ModuleType) -> None:
    shares = {name for name in CONDITIONS if name.startswith('missing_')}
    assert set(program.CONDITIONS) == (set(CONDITIONS) - shares) | {'blind rgb', 'blind depth'}


def judge_of(program: ModuleType, seen: set[str],
             suspect: Callable[[Frame], bool] = lambda frame: False,
             strength: float = 1.0) -> object:
    judge = program.Judge.__new__(program.Judge)
    judge.kind, judge.seed, judge.seen, judge.strength = 'turned', 5002, seen, strength
    judge.inspector = SimpleNamespace(inspect=lambda frame: SimpleNamespace(
        verdict='anomalous' if suspect(frame) else 'good'))
    return judge


def test_a_part_gets_a_verdict_under_each_condition(program: ModuleType) -> None:
    def dark(frame: Frame) -> bool:
        return frame.rgb is not None and not frame.rgb.any()

    verdicts = judge_of(program, set(), dark)(3)  # type: ignore[operator]
    assert set(verdicts) == set(program.CONDITIONS)
    assert [name for name, verdict in verdicts.items() if verdict != 'good'] == ['blind rgb']


@pytest.mark.parametrize(('index', 'before'), [(3, 2), (0, 1)])
def test_a_frozen_depth_is_the_part_before(program: ModuleType, index: int, before: int) -> None:
    depth = program.rendered('turned', 5002, before).depth

    def frozen(frame: Frame) -> bool:
        return frame.depth is not None and np.array_equal(frame.depth, depth)

    verdicts = judge_of(program, set(), frozen)(index)  # type: ignore[operator]
    assert [name for name, verdict in verdicts.items() if verdict != 'good'] == ['depth_frozen']


def test_faults_can_be_weaker(program: ModuleType) -> None:
    median = np.median(program.rendered('turned', 5002, 3).rgb)
    seen: list[float] = []

    def look(frame: Frame) -> bool:
        seen.append(0.0 if frame.rgb is None else float(np.median(frame.rgb)))
        return False

    for strength in (1.0, 0.5):
        judge_of(program, set(), look, strength)(3)  # type: ignore[operator]
    dark = program.CONDITIONS.index('rgb_under')
    whole, half = seen[dark], seen[dark + len(program.CONDITIONS)]
    assert whole < 0.7 * half < 0.7 * median


def test_parts_that_were_trained_on_are_refused(program: ModuleType) -> None:
    known: Frame = program.rendered('turned', 5002, 3)
    with pytest.raises(ValueError, match='part 3 of seed 5002 was trained on'):
        judge_of(program, {fingerprint(known)})(3)  # type: ignore[operator]


def test_rates_have_intervals_and_what_was_not_judged(program: ModuleType) -> None:
    found = program.figures({'both': Counter(good=985, anomalous=10, unknown=4, no_part=1)})
    assert found['rates'] == {'both': 0.01} and found['unjudged'] == {'both': 0.005}
    low, high = found['intervals']['both']
    assert low == pytest.approx(0.0054, abs=2e-4) and high == pytest.approx(0.0183, abs=2e-4)
