"""
Verdicts on parts that pass on the belt, and alarms on an empty one.

Parts that no model was trained on, every other one good, the rest with each defect in turn, cross
the view frame by frame; frames are judged with both sensors and with one alone, and joined to
parts as the node does. Then an empty belt is looked at. Two processes judge.

The last line is JSON: {"right": {MODE: share}, "intervals": {MODE: [low, high]}, "found":
{DEFECT: {MODE: share}}, "false_alarms": {MODE: share}, "told": {MODE: x}, "empty_alarms": n,
"empty_frames": n, "passes": n}. `right` leaves out the defects that a mode cannot see; `told` is
the verdicts of a pass, 1 where each part was told once. Intervals are Wilson's, 95 %. Exits 1
where fewer than 97 % are right with both sensors, or an empty belt alarms.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from side_by_side import side_by_side

from dcmd_ros.evaluation.metrics import wilson_interval
from dcmd_ros.frame import MODES, Mode
from dcmd_ros.inspection import Inspection
from dcmd_ros.inspector import Inspector
from dcmd_ros.simulation import DEFECTS, simulate
from dcmd_ros.simulation.belt import Belt, way
from dcmd_ros.stream.passes import Glimpse, Passes
from dcmd_ros.training.calibration import alone

SEEDS = (6101, 6102, 6103)  # that no model was trained on
KIND = 'turned'             # what comes on a belt
SIZE = (640, 480)
UNSEEN: Mapping[Mode, str] = {'rgb_only': 'geometry', 'depth_only': 'appearance'}
LEAST = 0.97
GOOD = 'good'
BATCH = 25  # frames of empty belt that are looked at in one go

Verdicts = dict[Mode, list[str]]


@dataclass(frozen=True)
class Task:
    """A pass, or a stretch of empty belt: `label` is good, a defect or empty."""

    label: str
    seed: int
    index: int


def tasks(passes: int, empty: int) -> list[Task]:
    names = list(DEFECTS)
    parts = [Task(GOOD if k % 2 == 0 else names[k // 2 % len(names)], SEEDS[k % len(SEEDS)], k)
             for k in range(passes)]
    return parts + [Task('empty', SEEDS[k % len(SEEDS)], k) for k in range(empty // BATCH)]


class Judge:
    """A process's own inspector."""

    def __init__(self, model: Path, fps: float, speed: float) -> None:
        self.fps, self.belt = fps, Belt(speed)
        self.inspector = Inspector(model, device='cpu', threads=1)

    def __call__(self, task: Task) -> tuple[Task, Verdicts]:
        """Of a pass the verdicts that were told, of an empty belt those of its frames."""
        found: Verdicts = {mode: [] for mode in MODES}
        if task.label == 'empty':
            for tick in range(BATCH):
                for mode, inspection in self._look(task, tick).items():
                    found[mode].append(inspection.verdict)
            return task, found
        passes = {mode: Passes() for mode in MODES}
        shifts = way(self.belt, task.seed, KIND, task.index, SIZE, self.fps)
        for tick, shift in enumerate(shifts):
            for mode, inspection in self._look(task, tick, shift).items():
                found[mode] += [part.verdict for part in passes[mode].add(glimpse(inspection))]
        for mode in MODES:
            found[mode] += [part.verdict for part in passes[mode].finish()]
        return task, found

    def _look(self, task: Task, tick: int, shift: float = 0.0) -> dict[Mode, Inspection]:
        made = simulate(task.seed, KIND, task.index, DEFECTS.get(task.label) and task.label,
                        SIZE, task.label == 'empty', shift, tick)
        frame = made.frame(round(tick * 1e9 / self.fps))
        return {mode: self.inspector.inspect(alone(frame, mode)) for mode in MODES}


def glimpse(seen: Inspection) -> Glimpse:
    return Glimpse(seen.stamp, seen.presence, seen.score, seen.mode, seen.centre)


def share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4) if right else float('nan')


def figures(found: Sequence[tuple[Task, Verdicts]]) -> dict[str, object]:
    """What the last line says."""
    passes = [(task, verdicts) for task, verdicts in found if task.label != 'empty']
    empty = [verdicts for task, verdicts in found if task.label == 'empty']
    right: dict[str, dict[Mode, list[bool]]] = {}
    for task, verdicts in passes:
        wanted = ['good' if task.label == GOOD else 'anomalous']
        for mode in MODES:
            right.setdefault(task.label, {}).setdefault(mode, []).append(verdicts[mode] == wanted)
    everything: dict[Mode, list[bool]] = {mode: [
        ok for label, modes in right.items() if DEFECTS.get(label) != UNSEEN.get(mode, '-')
        for ok in modes[mode]] for mode in MODES}
    return {
        'right': {mode: share(oks) for mode, oks in everything.items()},
        'intervals': {mode: [round(x, 4) for x in wilson_interval(sum(oks), len(oks))]
                      for mode, oks in everything.items()},
        'found': {label: {mode: share(oks) for mode, oks in modes.items()}
                  for label, modes in right.items() if label != GOOD},
        'false_alarms': {mode: share([('anomalous' in verdicts[mode]) for task, verdicts in passes
                                      if task.label == GOOD]) for mode in MODES},
        'told': {mode: round(sum(len(verdicts[mode]) for _, verdicts in passes) / len(passes), 4)
                 for mode in MODES},
        'empty_alarms': sum('anomalous' in (v[mode][k] for mode in MODES)
                            for v in empty for k in range(len(v['both']))),
        'empty_frames': sum(len(v['both']) for v in empty), 'passes': len(passes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, default=Path('models/dcmd_turned_best.pth'))
    parser.add_argument('--passes', type=int, default=140, help='default: 140, half of them good')
    parser.add_argument('--empty', type=int, default=1000, help='frames of empty belt')
    parser.add_argument('--fps', type=float, default=20.0, help='of the camera (default: 20)')
    parser.add_argument('--speed', type=float, default=0.5, help='m/s of the belt (default: 0.5)')
    parser.add_argument('--quick', action='store_true', help='4 passes, 25 frames of empty belt')
    args = parser.parse_args()
    passes, empty = (4, BATCH) if args.quick else (args.passes, args.empty)
    found = list(side_by_side(Judge, (args.model, args.fps, args.speed), tasks(passes, empty),
                              'passes'))
    table = figures(found)
    for task, verdicts in found:
        wanted = 'good' if task.label == GOOD else 'anomalous'
        if task.label != 'empty' and verdicts['both'] != [wanted]:
            print(f'{task.label} {task.index} of seed {task.seed}: told {verdicts["both"]}')
    print(json.dumps(table))
    right, alarms = table['right']['both'], table['empty_alarms']  # type: ignore[index]
    if not args.quick and (right < LEAST or alarms):
        print(f'missed: {right:.1%} of the passes right, {alarms} alarms on the empty belt',
              file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
