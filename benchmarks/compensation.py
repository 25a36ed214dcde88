"""
What to do where depth has holes: three rules, on the same students.

drop          depth is dropped for the whole frame: colour alone judges
switch        the holes' cells are judged by colour, the rest by both (the detector's rule)
compensation  as `switch`, and the students read restored features where depth is missing

At 10, 30 and 50 % of depth missing in blocks, as `evaluate --matrix` makes them: image AUROC and
false alarms at the model's threshold, for whole frames, without the inspector's own switch that
drops a sensor which sees too little. The parts are simulated ones that the model does not know, or
the test split of a data set. A model without a compensator gets one, learnt here from simulated
good parts or the training split; its thresholds stay.

The last line is JSON: {SHARE: {RULE: {"i_auroc", "far"}, "gain": [low, mean, high]}}, `gain` what
compensation adds to the I-AUROC of `switch`, with the 95 % interval of a paired bootstrap.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dcmd_ros.evaluation.conditions import degraded
from dcmd_ros.evaluation.metrics import far, i_auroc
from dcmd_ros.frame import Frame
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint
from dcmd_ros.network.compensator import Compensator, context_of
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.network.detector import Detector, Sight, outliner
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.simulation import DEFECTS, simulate
from dcmd_ros.training.compensation import learn_compensator
from dcmd_ros.training.datasets import open_dataset
from dcmd_ros.training.features import gather, together
from dcmd_ros.training.material import Frames
from dcmd_ros.training.options import TrainingOptions

SEED = 4711  # of simulated parts that no model was trained on
SHARES = (10, 30, 50)
RULES = ('drop', 'switch', 'compensation')
RESAMPLES = 1000


@dataclass(frozen=True)
class Part:
    name: str
    frame: Frame
    anomalous: bool


def simulated(kind: str, count: int, seed: int, good: bool) -> Iterator[Part]:
    """Good parts, or good ones and defective ones in turn."""
    names = list(DEFECTS)
    for index in range(count):
        defect = None if good or index % 2 == 0 else names[index // 2 % len(names)]
        made = simulate(seed, kind, index, defect)
        yield Part(f'{index:03d}', made.frame(index), defect is not None)


def from_data(data: Path, category: str) -> tuple[Iterator[Part], Iterator[Part]]:
    """The good parts to learn from, and the test parts."""
    dataset = open_dataset(data, category)

    def parts(split: str) -> Iterator[Part]:
        samples = dataset.split(split)
        for sample, frame in zip(samples, Frames(samples, dataset.intrinsics), strict=True):
            yield Part(sample.name, frame, sample.label != 'good')
    return parts('train'), parts('test')


def learn(network: Dcmd, teacher: Backbone, prepare: Preparation, parts: Iterator[Part],
          steps: int, seed: int) -> None:
    """A compensator for the network; every tenth part only watches."""
    features = [gather([prepare(part.frame)], teacher, 'cpu') for part in parts]
    seen, watched = (together([f for k, f in enumerate(features) if (k % 10 == 9) == held])
                     for held in (False, True))
    torch.manual_seed(seed)
    network.compensator = Compensator(teacher.channels)
    for step, loss in learn_compensator(network, seen, watched,
                                        TrainingOptions(seed=seed, restore_steps=steps)):
        print(f'compensator, step {step}: loss {loss:.3f} on parts that it does not learn from')


def peak(detector: Detector, sight: Sight) -> float:
    """The largest evidence less the threshold, minus infinity where nothing could be scored."""
    excess, known = detector.judge(sight)
    return float(excess[known].max()) if bool(known.any()) else -np.inf


def scores(detector: Detector, prepare: Preparation, parts: Iterator[Part],
           seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which parts are anomalous, (parts,), and scores, (parts, shares, rules)."""
    network = detector.network
    restorer, network.compensator = network.compensator, None
    anomalous, found = [], []
    for part in parts:
        colour = prepare(replace(part.frame, depth=None))
        dropped, row = peak(detector, detector.look([colour], 'rgb_only')), []
        for share in SHARES:
            frame = degraded(f'holes_{share}', part.frame, part.frame, part.name, seed)
            sight = detector.look([prepare(frame)], 'both')
            with torch.inference_mode():
                context = context_of(restorer, sight.features, sight.part, sight.valid,
                                     sight.trust)
            row.append([dropped, peak(detector, sight),
                        peak(detector, replace(sight, context=context))])
        anomalous.append(part.anomalous)
        found.append(row)
    return np.array(anomalous), np.array(found)


def gain(anomalous: NDArray[np.bool_], before: NDArray, after: NDArray) -> list[float]:
    """Of I-AUROC: lower end, mean and upper end of the same parts drawn anew."""
    rng, drawn = np.random.default_rng(0), []
    groups = np.flatnonzero(anomalous), np.flatnonzero(~anomalous)
    for _ in range(RESAMPLES):
        chosen = np.concatenate([rng.choice(group, group.size) for group in groups])
        drawn.append(i_auroc(anomalous[chosen], after[chosen])
                     - i_auroc(anomalous[chosen], before[chosen]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return [round(float(x), 4) for x in (low, np.mean(drawn), high)]


def figures(anomalous: NDArray[np.bool_], found: NDArray) -> dict[str, dict[str, object]]:
    table: dict[str, dict[str, object]] = {}
    for k, share in enumerate(SHARES):
        table[str(share)] = {
            rule: {'i_auroc': round(i_auroc(anomalous, found[:, k, r]), 4),
                   'far': round(far(anomalous, found[:, k, r], 0.0), 4)}
            for r, rule in enumerate(RULES)}
        table[str(share)]['gain'] = gain(anomalous, found[:, k, 1], found[:, k, 2])
        print(f'{share} % missing:', table[str(share)])
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='models/dcmd_turned_best.pth')
    parser.add_argument('--kind', default='turned', help='of simulated parts')
    parser.add_argument('--data', nargs=2, metavar=('DATA', 'CATEGORY'),
                        help='a data set instead of simulated parts')
    parser.add_argument('--parts', type=int, default=120, help='simulated ones, half of them good')
    parser.add_argument('--lessons', type=int, default=120, help='simulated parts to learn from')
    parser.add_argument('--steps', type=int, default=400, help='of learning')
    parser.add_argument('--seed', type=int, default=0, help='of holes and learning')
    parser.add_argument('--quick', action='store_true',
                        help='12 parts, 20 to learn from, 20 steps')
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.model)
    count, lessons, steps = (12, 20, 20) if args.quick else (
        args.parts, args.lessons, args.steps)
    if args.data:
        good, test = from_data(Path(args.data[0]), args.data[1])
    else:
        good = simulated(args.kind, lessons, SEED + 1, True)
        test = simulated(args.kind, count, SEED, False)
    detector, prepare = machine(checkpoint)
    if detector.network.compensator is None:
        learn(detector.network, detector.teacher, prepare, good, steps, args.seed)
    anomalous, found = scores(detector, prepare, test, args.seed)
    print(json.dumps(figures(anomalous, found)))


def machine(checkpoint: Checkpoint) -> tuple[Detector, Preparation]:
    """What `Inspector` runs, without the facade."""
    teacher = Backbone(checkpoint.config.backbone, checkpoint.config.size)
    outline = checkpoint.silhouette and outliner(checkpoint.silhouette, teacher)
    detector = Detector(checkpoint.network.folded(), teacher, checkpoint.scales,
                        confidence=checkpoint.confidence)
    return detector, Preparation(checkpoint.view, checkpoint.scene, outline,
                                 usual=checkpoint.usual_quality)


if __name__ == '__main__':
    main()
