"""`play`: a folder, a data set or a bag as a live RGB-D camera."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from dcmd_ros.bags.folder import METADATA, storage_files
from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import Choice, choose
from dcmd_ros.commands.bag_options import add_bag_arguments
from dcmd_ros.commands.number_types import not_negative, positive
from dcmd_ros.commands.say import say
from dcmd_ros.commands.source_options import add_source_arguments
from dcmd_ros.errors import DcmdError
from dcmd_ros.training.datasets import LAYOUTS, SPLITS, Dataset, Sample, open_dataset

if TYPE_CHECKING:
    from dcmd_ros.nodes.source import SourceFrame
    from dcmd_ros.nodes.source_loop import Report

HISTORY = 100  # no recorded frame is lost to a listener that stalls for less than so many
BAG = 'bag'
BAG_FAULTS = ('The faults of a bag cannot be changed at run time; their times count in the '
              'time of the bag,\nfrom the first image of each pass.')
FPS, SPLIT, ENCODING = 10.0, 'test', '32FC1'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('source', type=Path, metavar='SOURCE',
                        help='folder of one category of a data set, or a bag: a rosbag2 folder, '
                        '.mcap or .db3')
    parser.add_argument('--layout', choices=LAYOUTS, default='auto',
                        help='of the data set (default auto: look)')
    parser.add_argument('--rate', type=positive, default=1.0,
                        help='so many times faster than --fps, or than the bag was recorded '
                        '(default 1); a bag has it as parameter `rate` too, and `paused`')
    parser.add_argument('--loop', action='store_true', help='begin again at the end, until Ctrl-C')
    parser.add_argument('--wait', type=not_negative, metavar='S',
                        help='seconds to wait for a subscription to an image, 0 = do not wait '
                        '(default: as long as it takes)')
    add_source_arguments(parser, fps=FPS)
    parser.epilog = f'{parser.epilog}\n\n{BAG_FAULTS}'
    data = parser.add_argument_group('data sets only')
    data.add_argument('--split', choices=SPLITS, default=SPLIT,
                      help=f'which part of it, paths sorted (default {SPLIT}); --fps and '
                      '--depth-encoding are for data sets only, too')
    add_bag_arguments(parser)
    bags = parser.add_argument_group('bags, played')
    bags.add_argument('--clock', action='store_true',
                      help='keep the recorded stamps and publish /clock, for nodes with '
                      'use_sim_time; without it stamps are shifted to now, by one constant for '
                      'each pass, so that at another --rate than 1 they run away from now')
    bags.add_argument('--wait-for', action='append', default=[], metavar='NODE',
                      help="a node to wait for before the first message, besides another one's "
                      'subscription to an image; may be given again')
    bags.add_argument('--ros2-bag', action='store_true',
                      help='once somebody listens let `ros2 bag play` do it; with --clock')


def run(args: argparse.Namespace) -> dict[str, object]:
    source = args.source.expanduser().resolve()
    if not source.exists():
        raise DcmdError(f'{source}: there is no such file or folder')
    asked_for = args.layout if args.layout != 'auto' else BAG if is_bag(source) else ''
    check(args, asked_for == BAG)
    report = play_bag(source, args) if asked_for == BAG else play_dataset(source, args)
    if report.interrupted:
        raise KeyboardInterrupt
    return report.figures()


def is_bag(path: Path) -> bool:
    """Whether it looks like a rosbag2 folder, or is a file and no folder."""
    if path.is_dir():
        return (path / METADATA).is_file() or bool(storage_files(path))
    return path.is_file()


def check(args: argparse.Namespace, bag: bool) -> None:
    """:raises DcmdError: an option that is for the other kind of source, or lacks another"""
    if bag:
        given = {'--split': args.split != SPLIT, '--fps': args.fps != FPS,
                 '--depth-encoding': args.depth_encoding != ENCODING}
        text = 'is for data sets; a bag is played as it was recorded, see --rate'
    else:
        given = {'--rgb': args.rgb, '--depth': args.depth, '--distro': args.distro,
                 '--clock': args.clock, '--wait-for': args.wait_for, '--ros2-bag': args.ros2_bag}
        text = 'is for bags'
    if wrong := [name for name, there in given.items() if there]:
        raise DcmdError(f'{", ".join(wrong)} {text}')
    if args.ros2_bag and (not args.clock or args.fault):
        raise DcmdError('--ros2-bag needs --clock, and cannot have a --fault')


def play_dataset(folder: Path, args: argparse.Namespace) -> Report:
    from dcmd_ros.nodes.player import play
    from dcmd_ros.nodes.source_loop import SourceOptions

    dataset = open_dataset(folder.parent, folder.name, args.layout)
    samples = dataset.split(args.split)
    if not samples:
        raise DcmdError(f'{folder}: no samples in split {args.split}')
    say(f'playing {len(samples)} samples of {folder.name} ({dataset.layout} layout, '
        f'{dataset.camera_note})')
    options = SourceOptions('player', args.fps * args.rate, args.fault, args.depth_encoding,
                            wait=args.wait, history=HISTORY)
    rounds = repeat(samples) if args.loop else [samples]
    return play(frames(dataset, chain.from_iterable(rounds)),
                None if args.loop else len(samples), options, args.ros_args)


def frames(dataset: Dataset, samples: Iterator[Sample]) -> Iterator[SourceFrame]:
    """Samples as a source sends them, `file` relative to the category's folder."""
    from dcmd_ros.nodes.source import SourceFrame

    for sample in samples:
        images = sample.load()
        yield SourceFrame(images.rgb, images.depth, sample.truth(), sample.label,
                          str(sample.file.relative_to(dataset.folder)), dataset.intrinsics)


def play_bag(path: Path, args: argparse.Namespace) -> Report:
    from dcmd_ros.nodes.bag_player import BagOptions, Messages
    from dcmd_ros.nodes.bag_player import play_bag as play
    from dcmd_ros.nodes.rosbag_player import hand_over

    options = BagOptions(args.rate, args.loop, args.clock, args.fault, args.wait, args.wait_for,
                         HISTORY)
    with Bag(path, args.distro) as bag:
        choice = choose(bag.topics, args.rgb, args.depth)
        messages = Messages(bag, choice, options)
        tell(bag, choice)
        if not args.ros2_bag:
            shown = set(bag.notes)
            report = play(messages, choice, options, args.ros_args)
            for note in (note for note in bag.notes if note not in shown):
                say(f'note: {note}')
    if args.ros2_bag:
        hand_over(path, messages.types, choice, options, args.ros_args)
    for sensor, number in report.unreadable.items():
        say(f'note: {number} {sensor} messages could not be read and were not sent')
    return report


def tell(bag: Bag, choice: Choice) -> None:
    """What is played, and what is wrong with the bag."""
    say(f'playing {bag.path.name}: rgb {choice.rgb or "none"}, depth {choice.depth or "none"}')
    for note in bag.notes:
        say(f'note: {note}')
