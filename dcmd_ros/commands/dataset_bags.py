"""What the verbs that take a data set ask about bags."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dcmd_ros.commands.bag_options import add_bag_arguments
from dcmd_ros.training.datasets import BagOptions, Dataset


def add_dataset_bag_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of all bags, --labels and --depth-offset."""
    add_bag_arguments(parser, 'DATA is a rosbag2 folder, a .mcap or .db3 file, or a folder of '
                      'these; CATEGORY is then only a name')
    parser.add_argument('--labels', type=Path, metavar='FILE',
                        help="what a bag's frames show, CSV or JSON: `stamp`, or `from` and `to`, "
                        'or `index`, or `first` and `last`, then `label` and perhaps `mask` '
                        '(default: topics truth/label and truth/mask)')
    parser.add_argument('--depth-offset', type=float, default=0.0, metavar='S',
                        help="seconds to add to depth's stamps of a bag before pairing "
                        '(default: 0)')


def bag_options(args: argparse.Namespace) -> BagOptions:
    return BagOptions(args.rgb, args.depth, args.distro, args.labels, args.depth_offset)


def tell(dataset: Dataset) -> None:
    """What became of a bag's frames, on stderr."""
    if dataset.bag is not None:
        for line in (dataset.bag.summary(), *map('warning: {}'.format, dataset.bag.troubles())):
            print(line, file=sys.stderr, flush=True)
