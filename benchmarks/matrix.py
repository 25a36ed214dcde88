"""
The degradation matrix against the better single sensor, over several trainings.

For each condition of `evaluate --matrix`: the image AUROC with both sensors there, and that of the
better of RGB alone and depth alone under the same condition, means over the models. A sensor
that the condition leaves alone is judged as it is, one that it spoils as it spoils it; a part that
a single sensor gives no verdict for is neither told from the others nor mistaken (its pairs count
half). The k-th model gets the k-th seed of the faults' random part.

`gain` is the mean difference, with the 95 % interval of a bootstrap over the test parts, good and
defective ones drawn apart, the same ones for all models and both sides. `alarms` are good parts
that alarm, of all models.

The last line is JSON: {CONDITION: {"i_auroc", "sd", "aupro", "alone", "better", "gain": [low,
mean, high], "alarms", "good"}}; exits 1 where a mean gain is under -0.02.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from options import of_trainings

from dcmd_ros.evaluation.conditions import CONDITIONS, FAULTS, MISSING, check
from dcmd_ros.evaluation.evaluate import evaluate
from dcmd_ros.evaluation.scores import Score
from dcmd_ros.frame import MODALITIES, Frame, Modality
from dcmd_ros.inspection import THRESHOLD, Inspection
from dcmd_ros.inspector import Inspector
from dcmd_ros.training.datasets import Dataset, open_dataset

ALLOWED = 0.02
RESAMPLES = 2000
UNSPOILT: dict[Modality, str] = {'rgb': 'no_depth', 'depth': 'no_rgb'}

Wins = NDArray[np.float64]


@dataclass(frozen=True)
class Alone:
    """An inspector that is given one sensor only."""

    inspector: Inspector
    sensor: Modality

    def inspect(self, frame: Frame) -> Inspection:
        return self.inspector.inspect(
            replace(frame, depth=None) if self.sensor == 'rgb' else replace(frame, rgb=None))


@dataclass(frozen=True)
class Row:
    """One condition; wins of defective over good parts are (models, defective, good)."""

    name: str
    wins: Wins
    alone: dict[Modality, Wins]
    aupro: list[float]
    alarms: int

    @property
    def better(self) -> Modality:
        return max(self.alone, key=lambda sensor: self.alone[sensor].mean())

    def gain(self) -> Wins:
        """(defective, good), what both sensors are ahead of the better one."""
        return (self.wins - self.alone[self.better]).mean(0)


def spoils(condition: str) -> tuple[Modality, ...]:
    """The sensors that a condition does something to, but for taking them out."""
    if condition in MISSING:
        return MISSING[condition][0]
    if condition in FAULTS:
        return ('rgb',) if FAULTS[condition].split()[1] == 'rgb' else ('depth',)
    return ('depth',) if condition in ('depth_frozen', 'misregistered') else ()


def wins(scores: Sequence[Score]) -> Wins:
    """(defective, good) 1 where the defective part scores higher, 1/2 where neither does."""
    bad, good = (np.array([score.score for score in scores if score.anomalous == side])
                 for side in (True, False))
    apart = np.sign(bad[:, None] - good)
    return (np.nan_to_num(apart) + 1) / 2


def under(scores: Sequence[Score], condition: str) -> list[Score]:
    return [score for score in scores if score.condition == condition]


def judged(model: Path, dataset: Dataset, conditions: Sequence[str], seed: int) -> list[Row]:
    """What one model makes of the conditions."""
    inspector = Inspector(model)
    every = tuple(dict.fromkeys((*conditions, *UNSPOILT.values())))
    found = evaluate(inspector, dataset, every, seed=seed)
    alone = {(name, m): wins(under(found['scores'], UNSPOILT[m]))
             for name in conditions for m in MODALITIES if name != f'no_{m}'}
    for sensor in MODALITIES:
        spoilt = [name for name in conditions if sensor in spoils(name)]
        if spoilt:
            scores = evaluate(Alone(inspector, sensor), dataset, spoilt, seed=seed)['scores']
            alone |= {(name, sensor): wins(under(scores, name)) for name in spoilt}
    figures = found['categories'][dataset.category]
    return [Row(name, wins(under(found['scores'], name))[None],
                {m: alone[name, m][None] for m in MODALITIES if (name, m) in alone},
                [figures[name]['aupro30']], alarms(under(found['scores'], name)))
            for name in conditions]


def alarms(scores: Sequence[Score]) -> int:
    """Of good parts."""
    return sum(score.score >= THRESHOLD for score in scores if not score.anomalous)


def joined(rows: Sequence[Row]) -> Row:
    """One condition of several models."""
    return Row(rows[0].name, np.concatenate([row.wins for row in rows]),
               {m: np.concatenate([row.alone[m] for row in rows]) for m in rows[0].alone},
               [aupro for row in rows for aupro in row.aupro], sum(row.alarms for row in rows))


def interval(matrix: Wins, rng: np.random.Generator) -> list[float]:
    """Low, mean and high of a (defective, good) matrix' mean, both drawn with return."""
    drawn = [rng.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n for n in matrix.shape]
    means = np.einsum('rd,dg,rg->r', drawn[0], matrix, drawn[1], optimize=True)
    low, high = np.quantile(means, (0.025, 0.975))
    return [float(low), float(matrix.mean()), float(high)]


def figures(row: Row) -> dict[str, Any]:
    each = row.wins.mean((1, 2))
    return {'i_auroc': float(each.mean()), 'sd': float(each.std(ddof=1)) if len(each) > 1 else 0.0,
            'aupro': float(np.mean(row.aupro)), 'alone': float(row.alone[row.better].mean()),
            'better': row.better, 'gain': interval(row.gain(), np.random.default_rng(0)),
            'alarms': row.alarms, 'good': row.wins.shape[0] * row.wins.shape[2]}


def main() -> int:
    options = of_trainings(__doc__)
    options.add_argument('--conditions', nargs='+', default=list(CONDITIONS))
    options.add_argument('--quick', action='store_true', help='three conditions')
    given = options.parse_args()
    chosen = check(('both', 'holes_30', 'rgb_noise') if given.quick else tuple(given.conditions))
    dataset = open_dataset(given.data, given.category)
    every = [judged(model, dataset, chosen, seed) for seed, model in enumerate(given.models)]
    found = {row.name: figures(row) for row in map(joined, zip(*every, strict=True))}
    for name, f in found.items():
        low, mean, high = (100 * value for value in f['gain'])
        print(f'{name:18} {100 * f["i_auroc"]:5.1f} (sd {100 * f["sd"]:.1f}) / '
              f'{100 * f["aupro"]:5.1f}  {f["better"]:5} alone {100 * f["alone"]:5.1f}  '
              f'{mean:+5.1f} ({low:+.1f} to {high:+.1f})  alarms {f["alarms"]} of {f["good"]}')
    print(json.dumps(found))
    missed = [name for name, f in found.items() if f['gain'][1] < -ALLOWED]
    if missed:
        print(f'more than {ALLOWED:.0%} under the better sensor: {", ".join(missed)}',
              file=sys.stderr)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
