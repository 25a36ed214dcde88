"""
Which defect a model finds with which sensors, on simulated parts that it never saw.

For each defect and availability mode the image AUROC of defective parts against good ones of the
same seeds, and the share that alarms; then the false alarms of good parts, and what an empty place
gives. Parts are rendered when they are needed, and judged by two processes.

The last line is JSON: {"i_auroc": {DEFECT: {MODE: x}}, "found": {DEFECT: {MODE: x}},
"false_alarms": {MODE: x}, "empty_alarms": x, "parts": good ones}. Exits 1 where an I-AUROC is
under 0.95 in a mode that can see the defect, over 2 % of the good parts alarm, or an empty place
does.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import options
from side_by_side import side_by_side

from dcmd_ros.evaluation.metrics import i_auroc
from dcmd_ros.frame import MODES, Mode
from dcmd_ros.inspector import Inspector
from dcmd_ros.simulation import DEFECTS, simulate
from dcmd_ros.training.calibration import alone

SEEDS = (6001, 6002, 6003)  # that no model was trained on
UNSEEN: Mapping[Mode, str] = {'rgb_only': 'geometry', 'depth_only': 'appearance'}
LEAST, MOST = 0.95, 0.02
GOOD, EMPTY = 'good', 'empty'


@dataclass(frozen=True)
class Task:
    """A part to judge: `label` is good, empty or the defect."""

    label: str
    seed: int
    index: int


def tasks(defective: int, good: int, empty: int, seeds: Sequence[int] = SEEDS) -> list[Task]:
    """So many of each defect, of good parts and of empty places, spread over the seeds."""
    counts = {GOOD: good, EMPTY: empty, **dict.fromkeys(DEFECTS, defective)}
    order = {label: place for place, label in enumerate(counts)}
    return [Task(label, seeds[k % len(seeds)], 1000 * order[label] + k)
            for label, count in counts.items() for k in range(count)]


class Judge:
    """A process's own inspector."""

    def __init__(self, model: Path, kind: str) -> None:
        self.kind, self.inspector = kind, Inspector(model, device='cpu', threads=1)

    def __call__(self, task: Task) -> tuple[Task, dict[Mode, tuple[float, str]]]:
        made = simulate(task.seed, self.kind, task.index, empty=task.label == EMPTY,
                        defect=None if task.label in (GOOD, EMPTY) else task.label)
        frame = made.frame(task.index)
        found = {mode: self.inspector.inspect(alone(frame, mode)) for mode in MODES}
        return task, {mode: (i.score, i.verdict) for mode, i in found.items()}


def judged(model: Path, kind: str, todo: list[Task]) -> dict[str, dict[Mode, list]]:  # type: ignore[type-arg]
    """(score, verdict) of each part, by label and mode."""
    found: dict[str, dict[Mode, list]] = defaultdict(lambda: defaultdict(list))  # type: ignore[type-arg]
    for task, results in side_by_side(Judge, (model, kind), todo, f'judging {kind}'):
        for mode, result in results.items():
            found[task.label][mode].append(result)
    return found


def alarms(results: list[tuple[float, str]]) -> float:
    return float(np.mean([verdict == 'anomalous' for _, verdict in results]))


def auroc(good: list[tuple[float, str]], bad: list[tuple[float, str]]) -> float:
    scores = np.nan_to_num([score for score, _ in [*good, *bad]])
    return i_auroc(np.arange(len(scores)) >= len(good), scores)


def main() -> None:
    parser = options.parser(__doc__)
    parser.add_argument('--parts', type=int, default=51, help='of each defect (default: 51)')
    parser.add_argument('--good', type=int, default=102, help='good ones (default: 102)')
    parser.add_argument('--empty', type=int, default=60, help='empty places (default: 60)')
    parser.add_argument('--seeds', type=int, nargs='+', default=SEEDS,
                        help='that the model was not trained on (default: 6001 6002 6003)')
    parser.add_argument('--quick', action='store_true', help='3 of each')
    args = parser.parse_args()
    count, good, empty = (3, 3, 3) if args.quick else (args.parts, args.good, args.empty)
    found = judged(args.model, args.kind, tasks(count, good, empty, args.seeds))
    aurocs = {name: {mode: round(auroc(found[GOOD][mode], found[name][mode]), 4)
                     for mode in MODES} for name in DEFECTS}
    shares = {name: {mode: round(alarms(found[name][mode]), 4) for mode in MODES}
              for name in DEFECTS}
    for name, row in aurocs.items():
        print(f'{name:14} {DEFECTS[name]:10} ' + '  '.join(
            f'{mode} {100 * x:5.1f} found {100 * shares[name][mode]:3.0f} %'
            for mode, x in row.items()))
    false = {mode: round(alarms(found[GOOD][mode]), 4) for mode in MODES}
    nothing = round(max(alarms(found[EMPTY][mode]) for mode in MODES), 4)
    print(json.dumps({'i_auroc': aurocs, 'found': shares, 'false_alarms': false,
                      'empty_alarms': nothing, 'parts': good}))
    missed = [f'{name} {mode} {x}' for name, row in aurocs.items() for mode, x in row.items()
              if x < LEAST and UNSEEN.get(mode) != DEFECTS[name]]
    if missed or max(false.values()) > MOST or nothing:
        print(f'missed: {", ".join(missed)}', file=sys.stderr)
        sys.exit(not args.quick)


if __name__ == '__main__':
    main()
