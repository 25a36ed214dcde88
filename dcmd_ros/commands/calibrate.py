"""`dcmd_ros calibrate MODEL DATA CATEGORY`: new thresholds from new good parts."""

from __future__ import annotations

import argparse
from pathlib import Path

from dcmd_ros.commands.dataset_bags import add_dataset_bag_arguments, bag_options, tell
from dcmd_ros.commands.number_types import share
from dcmd_ros.commands.say import say
from dcmd_ros.training.datasets import LAYOUTS, SPLITS, open_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('model', type=Path, help='model file, which is rewritten')
    parser.add_argument('data', type=Path, help='folder of the data set, or bag')
    parser.add_argument('category', help="the category's folder in it")
    parser.add_argument('--layout', choices=LAYOUTS, default='auto')
    parser.add_argument('--splits', nargs='+', choices=SPLITS, default=['train', 'validation'],
                        help='whose good parts to use (default: train validation)')
    parser.add_argument('--false-alarm-rate', type=share, default=0.01,
                        help='of good parts, which the thresholds are chosen for (default: 0.01)')
    parser.add_argument('--out', type=Path, help='write here and leave MODEL as it is')
    add_dataset_bag_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, object] | None:
    from dcmd_ros.training.material import Frames
    from dcmd_ros.training.recalibration import recalibrate

    dataset = open_dataset(args.data, args.category, args.layout, bag=bag_options(args))
    samples = [sample for name in args.splits for sample in dataset.split(name)
               if sample.label == 'good']
    tell(dataset)
    out = args.out or args.model
    scales = recalibrate(args.model, Frames(samples, dataset.intrinsics), out,
                         args.false_alarm_rate, say)
    say(f'wrote {out}')
    return {'model': str(out), 'false_alarm_rate': args.false_alarm_rate,
            'parts': {mode: scale.parts for mode, scale in scales.items()}}
