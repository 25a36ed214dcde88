"""
A sensor left alone against a network that was made for it alone.

What `rgb_only` and `depth_only` run, an intra student and a memory, is what a network for that
sensor alone would train, by the same steps; but such a network could spend what the other sensor
and the cross students cost. So students of twice the arithmetic (`train --large`)
are taught here from the training parts as `train` does it, with the model's own view and memory,
and both are judged on the test parts, by scales from the validation parts.

The last line is JSON: {MODE: {"model" | "made for it": {"i_auroc", "aupro", "far"}}}.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from ablation import ROWS, Data, Eyes, data_of, judged
from options import of_data

from dcmd_ros.frame import MODALITIES, Mode
from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.training.features import Features, gather, together
from dcmd_ros.training.material import Frames
from dcmd_ros.training.options import TrainingOptions
from dcmd_ros.training.trainer import Job, Progress, Trainer

ROW = ROWS['intra students, memories']
SINGLE: tuple[Mode, ...] = ('rgb_only', 'depth_only')


def features_of(frames: Frames, eyes: Eyes) -> Features:
    prepare: Preparation = eyes.prepare
    return together([gather([prepare(frame)], eyes.detector.teacher, 'cpu') for frame in frames])


def larger(checkpoint: Checkpoint, data: Data, steps: int, seed: int) -> Checkpoint:
    """The model with intra students of twice the arithmetic, taught anew."""
    eyes = Eyes(checkpoint)
    network = Dcmd(replace(checkpoint.config, large=True))
    for ours, theirs in ((network.standards, checkpoint.network.standards),
                         (network.memories, checkpoint.network.memories),
                         (network.slopes, checkpoint.network.slopes)):
        ours.load_state_dict(theirs.state_dict())
    train, held = (features_of(data.frames(split), eyes) for split in ('train', 'validation'))
    options = TrainingOptions(seed=seed, steps=steps, network=network.config)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(network, train, held, options, Progress(Path(folder) / 'state', ''))
        taught = trainer.run([Job(f'final/{m}', m, tuple(range(len(train))), steps)
                              for m in MODALITIES])
    for m in MODALITIES:
        network.students[m] = taught[f'final/{m}']
    return replace(checkpoint, network=network.eval(), config=network.config)


def figures_of(checkpoint: Checkpoint, data: Data) -> dict[Mode, dict[str, float]]:
    eyes = Eyes(checkpoint)
    eyes.learn(data.frames('train').chosen([0]))  # the neighbours are not asked for
    return judged(ROW, SINGLE, checkpoint, eyes, data)


def main() -> None:
    options = of_data(__doc__)
    options.add_argument('--model', type=Path, required=True)
    options.add_argument('--steps', type=int, default=1000)
    options.add_argument('--seed', type=int, default=0)
    options.add_argument('--quick', action='store_true', help='8 parts of each split, 20 steps')
    given = options.parse_args()
    data = data_of(given)
    checkpoint = load_checkpoint(given.model)
    taught = larger(checkpoint, data, 20 if given.quick else given.steps, given.seed)
    found = {name: figures_of(each, data) for name, each in (
        ('model', checkpoint), ('made for it', taught))}
    joined = {mode: {name: each[mode] for name, each in found.items()} for mode in SINGLE}
    for mode, rows in joined.items():
        for name, row in rows.items():
            print(f'{mode:10} {name:12} {100 * row["i_auroc"]:5.1f} / {100 * row["aupro"]:5.1f}')
    print(json.dumps(joined))


if __name__ == '__main__':
    main()
