"""What all verbs that read bags have in common on the command line."""

from __future__ import annotations

import argparse


def add_bag_arguments(parser: argparse.ArgumentParser) -> None:
    """--rgb, --depth and --distro."""
    group = parser.add_argument_group('bags')
    group.add_argument('--rgb', metavar='TOPIC',
                       help='colour images (default: guessed where only one topic can be meant)')
    group.add_argument('--depth', metavar='TOPIC',
                       help='depth images or point clouds (default: guessed likewise)')
    group.add_argument('--distro', metavar='NAME',
                       help='ROS distribution whose message types to take where the bag does not '
                       'bring them (default: the one the bag names, else jazzy)')
