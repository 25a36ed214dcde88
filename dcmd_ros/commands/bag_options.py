"""What the verbs that take a data set ask about bags."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dcmd_ros.training.datasets import BagOptions, Dataset


def add_bag_arguments(parser: argparse.ArgumentParser) -> None:
    bags = parser.add_argument_group('bags', 'DATA is a rosbag2 folder, a .mcap or .db3 file, or '
                                     'a folder of these; CATEGORY is then only a name')
    bags.add_argument('--rgb', metavar='TOPIC', help='colour images (default: guess)')
    bags.add_argument('--depth', metavar='TOPIC', help='depth images or points (default: guess)')
    bags.add_argument('--distro', metavar='NAME',
                      help='ROS distribution of a bag that holds no message definitions')
    bags.add_argument('--labels', type=Path, metavar='FILE',
                      help='CSV or JSON that says what frames show: `stamp`, or `from` and `to`, '
                      'or `index`, or `first` and `last`, then `label` and perhaps `mask` '
                      '(default: topics truth/label and truth/mask)')
    bags.add_argument('--depth-offset', type=float, default=0.0, metavar='S',
                      help="seconds to add to depth's stamps before pairing (default: 0)")


def bag_options(args: argparse.Namespace) -> BagOptions:
    return BagOptions(args.rgb, args.depth, args.distro, args.labels, args.depth_offset)


def tell(dataset: Dataset) -> None:
    """What became of a bag's frames, on stderr."""
    if dataset.bag is not None:
        for line in (dataset.bag.summary(), *map('warning: {}'.format, dataset.bag.troubles())):
            print(line, file=sys.stderr, flush=True)
