"""What all verbs that read bags have in common on the command line."""

from __future__ import annotations

import argparse

from dcmd_ros.commands.number_types import count


def add_bag_arguments(parser: argparse.ArgumentParser, text: str | None = None) -> None:
    """--rgb, --depth and --distro; `text` says more of them."""
    group = parser.add_argument_group('bags', text)
    group.add_argument('--rgb', metavar='TOPIC',
                       help='colour images (default: guessed where only one topic can be meant)')
    group.add_argument('--depth', metavar='TOPIC',
                       help='depth images or point clouds (default: guessed likewise)')
    group.add_argument('--distro', metavar='NAME',
                       help='ROS distribution whose message types to take where the bag does not '
                       'bring them (default: the one the bag names, else jazzy)')


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """--jobs and --ray, for folders of bags."""
    group = parser.add_argument_group('several bags')
    group.add_argument('--jobs', type=count, metavar='N',
                       help='bags at a time (default: one for each two cores, on a cluster as '
                       'many as fit)')
    group.add_argument('--ray', metavar='ADDRESS',
                       help='a Ray cluster to work on, or `local` (pip install "dcmd_ros[ray]")')
