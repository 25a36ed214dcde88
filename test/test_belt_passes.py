"""The benchmark that judges parts as they pass on the belt."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest

from dcmd_ros.frame import MODES, Frame


@pytest.fixture(scope='module')
def program(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('passes')


def judge_of(program: ModuleType, seen: list[tuple[Frame, str]]) -> object:
    """Sees a part wholly in the middle of its way, and an alarm in each frame of it."""
    judge = program.Judge.__new__(program.Judge)
    judge.fps, judge.belt = 8.0, program.Belt(0.5)

    def inspect(frame: Frame) -> SimpleNamespace:
        whole = 1.0e9 < frame.stamp < 1.7e9
        seen.append((frame, frame.mode))
        return SimpleNamespace(stamp=frame.stamp, presence='whole' if whole else 'none',
                               score=0.9 if whole else 0.0, mode=frame.mode, centre=(0.0, 0.0),
                               verdict='anomalous' if whole else 'no_part')
    judge.inspector = SimpleNamespace(inspect=inspect)
    return judge


def test_a_pass_is_told_once_and_every_frame_of_it_is_looked_at(program: ModuleType) -> None:
    seen: list[tuple[Frame, str]] = []
    task = program.Task('dent', 6101, 1)
    _, verdicts = judge_of(program, seen)(task)  # type: ignore[operator]
    assert verdicts == {mode: ['anomalous'] for mode in MODES}
    stamps = sorted({frame.stamp for frame, _ in seen})
    assert len(stamps) == len(program.way(program.Belt(0.5), 6101, 'turned', 1, (640, 480), 8.0))
    assert len(seen) == 3 * len(stamps)


def test_figures_leave_out_what_a_mode_cannot_see(program: ModuleType) -> None:
    def told(**verdicts: str) -> dict[str, list[str]]:
        return {mode: [verdicts.get(mode, 'good')] for mode in MODES}
    bad = dict.fromkeys(MODES, 'anomalous')
    empty = {mode: ['no_part'] * 25 for mode in MODES}
    empty['rgb_only'] = ['no_part'] * 24 + ['anomalous']
    found = program.figures([
        (program.Task('good', 1, 0), told()), (program.Task('good', 1, 2), told(**bad)),
        (program.Task('dent', 1, 1), told(both='anomalous', depth_only='anomalous')),
        (program.Task('stain', 1, 3), told(rgb_only='anomalous')),
        (program.Task('good', 1, 4), {**told(), 'both': ['good', 'good']}),
        (program.Task('empty', 1, 0), empty)])
    assert found['right'] == {'both': 0.4, 'rgb_only': 0.75, 'depth_only': 0.75}
    assert found['false_alarms'] == {mode: pytest.approx(1 / 3, abs=1e-3) for mode in MODES}
    assert found['found']['stain'] == {'both': 0.0, 'rgb_only': 1.0, 'depth_only': 0.0}
    assert found['told'] == {'both': 1.2, 'rgb_only': 1.0, 'depth_only': 1.0}
    assert (found['empty_alarms'], found['empty_frames'], found['passes']) == (1, 25, 5)


def test_half_of_the_passes_are_good_and_each_defect_comes(program: ModuleType) -> None:
    kinds = len(program.DEFECTS)
    labels = [task.label for task in program.tasks(4 * kinds, 100)]
    assert labels.count('good') == 2 * kinds and labels.count('empty') == 4
    assert all(labels.count(name) == 2 for name in program.DEFECTS)
