"""`dcmd_ros train DATA CATEGORY`: a calibrated model from good parts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dcmd_ros.commands.dataset_bags import add_dataset_bag_arguments, bag_options, tell
from dcmd_ros.commands.number_types import count, share, whole
from dcmd_ros.commands.say import say
from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import output
from dcmd_ros.training.datasets import LAYOUTS, open_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('data', type=Path, help='folder of the data set, or bag')
    parser.add_argument('category', help="the category's folder in it")
    parser.add_argument('--method', choices=['dcmd'], default='dcmd')
    parser.add_argument('--layout', choices=LAYOUTS, default='auto')
    parser.add_argument('--out', type=Path, default=Path('models'),
                        help='folder for dcmd_CATEGORY_best.pth (default: models)')
    parser.add_argument('--device', default='auto', help='auto, cpu or cuda:N')
    parser.add_argument('--seed', type=whole, default=0, help='of the training (default: 0)')
    parser.add_argument('--steps', type=count, default=1000,
                        help='training steps of each of the four students; calibration takes '
                        'about as many again (default: 1000, a quarter of an hour)')
    parser.add_argument('--backbone', metavar='NAME',
                        help='the teacher: efficientnet-lite0 (default), or any convolutional '
                        'network of timm with features of strides 4, 8 and 16, such as '
                        'wide_resnet50_2 (slower; needs timm and torchvision)')
    parser.add_argument('--image-size', type=count, default=256,
                        help="side of the network's input, a multiple of 32 (default: 256)")
    parser.add_argument('--batch', type=count, default=8,
                        help='frames a step; fewer take less memory (default: 8)')
    parser.add_argument('--large', action='store_true',
                        help='students of twice the arithmetic (docs/network.md says what for)')
    parser.add_argument('--compensate', action='store_true',
                        help='restore for the students what a sensor misses (docs/network.md says '
                        'what for)')
    parser.add_argument('--false-alarm-rate', type=share, default=0.01,
                        help='of good parts, which the thresholds are chosen for (default: 0.01)')
    add_dataset_bag_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, object] | None:
    from dcmd_ros.inspector import choose_device
    from dcmd_ros.training.material import Frames
    from dcmd_ros.training.out_of_memory import memory_told
    from dcmd_ros.training.recipe import train

    if Path(args.category).name != args.category:
        raise DcmdError(f'category {args.category!r}: give a plain name, without a folder')
    output.folder(args.out, '--out')
    dataset = open_dataset(args.data, args.category, args.layout, bag=bag_options(args))
    device, warning = choose_device(args.device)
    if warning:
        say(warning)
    frames, validation = (Frames(dataset.split(name), dataset.intrinsics)
                          for name in ('train', 'validation'))
    tell(dataset)
    if dataset.bag is not None:
        sheet = args.out / f'dcmd_{args.category}_frames.png'
        dataset.bag.draw(sheet)
        say(f'which frames were kept and which were not: {sheet}')
    try:
        with memory_told(told := options(args, device)):
            path = train(args.category, frames, validation, args.out, told, say)
    except KeyboardInterrupt:
        say('interrupted; the same command goes on from the last saved step')
        raise
    say(f'wrote {path}')
    return figures(path)


def options(args: argparse.Namespace, device: str) -> Any:
    from dcmd_ros.network.backbone import DEFAULT_BACKBONE
    from dcmd_ros.network.dcmd import DcmdConfig
    from dcmd_ros.training.options import TrainingOptions

    usual = TrainingOptions()
    folds = max(1, round(args.steps * usual.fold_steps / usual.steps))
    return TrainingOptions(
        seed=args.seed, steps=args.steps, fold_steps=folds, batch=args.batch,
        network=DcmdConfig(args.backbone or DEFAULT_BACKBONE, args.image_size, large=args.large,
                           compensator=args.compensate),
        false_alarm_rate=args.false_alarm_rate, device=device)


def figures(path: Path) -> dict[str, object]:
    from dcmd_ros.network.checkpoint import load_checkpoint

    found = load_checkpoint(path)
    return {'model': str(path), 'frames': found.training['frames'],
            'seconds': found.training['seconds'], 'warnings': found.training['warnings'],
            'held_out_parts': {mode: scale.parts for mode, scale in found.scales.items()},
            'made_up_found': found.training.get('made_up_found')}
