"""
False alarms on good parts that a model never saw, at thresholds chosen for a stated rate.

Thresholds are chosen anew, as `dcmd_ros calibrate` does, from simulated good parts of one seed;
then good parts of another are judged under every condition of `evaluate --matrix` that does
something to a frame, and with a sensor that goes dark without a word (`blind rgb`, `blind depth`;
the conditions `missing_*` are these on a share of the parts). `--strength` makes the faults of an
image weaker than the matrix's: at half of it a sensor is neither trusted nor switched off. Parts
are rendered when they are needed; two processes judge them.

The last line is JSON: {"rates": {CONDITION}, "intervals": {CONDITION: [low, high]}, "unjudged":
{CONDITION}, "calibrated": parts, "judged": parts, "nominal", "strength"}. Intervals are Wilson's,
95 %. `unjudged` is the share that got no verdict on a part. Exits 1 where a rate is over twice the
nominal one; with fewer than 500 parts no limit holds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import options
from side_by_side import side_by_side
from tqdm import tqdm

from dcmd_ros.evaluation.conditions import MODES, VARIANTS, degraded
from dcmd_ros.evaluation.metrics import wilson_interval
from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.inspector import Inspector
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.simulation import simulate
from dcmd_ros.training.material import Frames, fingerprint
from dcmd_ros.training.recalibration import recalibrate
from dcmd_ros.training.sample import Images, Sample

LEAST = 500  # parts that a limit is judged by
CALIBRATE, TEST = 5001, 5002  # seeds that no model was trained on
CONDITIONS = (*MODES, *VARIANTS, 'depth_frozen')


def rendered(kind: str, seed: int, index: int) -> Frame:
    return simulate(seed, kind, index).frame(index)


def drawn(kind: str, seed: int, count: int, bar: tqdm) -> Frames:  # type: ignore[type-arg]
    """Good parts, each rendered whenever it is read; the bar counts the readings."""
    def load(index: int) -> Images:
        bar.update()
        frame = rendered(kind, seed, index)
        return Images(frame.rgb, frame.depth)

    camera: Intrinsics = simulate(seed, kind, 0).intrinsics
    samples = [Sample(f'good/{i}', 'good', 'train', Path(f'{kind} {seed} {i}'), partial(load, i))
               for i in range(count)]
    return Frames(samples, camera)


def calibrate(model: Path, kind: str, seed: int, count: int, rate: float, out: Path) -> None:
    """The model with new thresholds; parts are read twice, to compare them and to judge them."""
    with tqdm(total=2 * count + 1, desc='calibrating', unit='reading') as bar:
        recalibrate(model, drawn(kind, seed, count, bar), out, rate, lambda text: bar.write(
            text, file=sys.stderr))


class Judge:
    """A process's own inspector and what its model has seen."""

    def __init__(self, model: Path, kind: str, seed: int, strength: float) -> None:
        self.kind, self.seed, self.strength = kind, seed, strength
        self.inspector = Inspector(model, device='cpu', threads=1)
        self.seen = set(load_checkpoint(model).seen)

    def __call__(self, index: int) -> dict[str, str]:
        """The verdict under each condition."""
        frame = rendered(self.kind, self.seed, index)
        if fingerprint(frame) in self.seen:
            raise ValueError(f'part {index} of seed {self.seed} was trained on; choose --seed')
        before = rendered(self.kind, self.seed, index - 1 if index else 1)
        return {name: self.inspector.inspect(degraded(
                    name, frame, before, f'good/{index}', self.seed, self.strength)).verdict
                for name in CONDITIONS}


def judged(model: Path, kind: str, seed: int, count: int,
           strength: float = 1.0) -> dict[str, Counter[str]]:
    """How often which verdict, under each condition."""
    found: dict[str, Counter[str]] = {name: Counter() for name in CONDITIONS}
    for verdicts in side_by_side(Judge, (model, kind, seed, strength), range(count), 'judging'):
        for name, verdict in verdicts.items():
            found[name][verdict] += 1
    return found


def figures(found: Mapping[str, Counter[str]]) -> dict[str, dict]:  # type: ignore[type-arg]
    """Rates, intervals and what was not judged."""
    rates, intervals, unjudged = {}, {}, {}
    for name, verdicts in found.items():
        alarms, total = verdicts['anomalous'], verdicts.total()
        low, high = wilson_interval(alarms, total)
        rates[name] = round(alarms / total, 4)
        intervals[name] = [round(low, 4), round(high, 4)]
        unjudged[name] = round((verdicts['unknown'] + verdicts['no_part']) / total, 4)
        print(f'{name:14} {alarms:4} alarms in {total}: {alarms / total:.1%} '
              f'({low:.1%} to {high:.1%}), not judged {unjudged[name]:.1%}')
    return {'rates': rates, 'intervals': intervals, 'unjudged': unjudged}


def main() -> None:
    parser = options.parser(__doc__)
    parser.add_argument('--parts', type=int, default=1000, help='to calibrate with, and to judge')
    parser.add_argument('--rate', type=float, default=0.01, help='nominal (default: 0.01)')
    parser.add_argument('--seed', type=int, default=TEST, help=f'judged (default: {TEST})')
    parser.add_argument('--calibration-seed', type=int, default=CALIBRATE)
    parser.add_argument('--strength', type=float, default=1.0, metavar='X',
                        help="of an image's faults, 0 to 1 times the matrix's (default: 1)")
    parser.add_argument('--quick', action='store_true', help='20 parts, and 20 to calibrate with')
    args = parser.parse_args()
    if args.seed == args.calibration_seed:
        parser.error('the two seeds must differ')
    if not 0 <= args.strength <= 1:
        parser.error('--strength must be from 0 to 1')
    count = 20 if args.quick else args.parts
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / args.model.name
        calibrate(args.model, args.kind, args.calibration_seed, count, args.rate, model)
        found = figures(judged(model, args.kind, args.seed, count, args.strength))
    print(json.dumps({**found, 'calibrated': count, 'judged': count, 'nominal': args.rate,
                      'strength': args.strength}))
    over = [name for name, rate in found['rates'].items() if rate > 2 * args.rate]
    if over and count >= LEAST:
        print(f'over twice the nominal rate: {", ".join(over)}', file=sys.stderr)
        sys.exit(1)


if __name__ == '__main__':
    main()
