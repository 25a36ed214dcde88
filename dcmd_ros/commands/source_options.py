"""What `camera` and `play` have in common on the command line."""

from __future__ import annotations

import argparse

from dcmd_ros.commands.number_types import positive
from dcmd_ros.sensing.faults import FaultError, describe_faults, parse_faults

DEPTH_ENCODINGS = ('32FC1', '16UC1')


def add_source_arguments(parser: argparse.ArgumentParser, fps: float) -> None:
    """--fps, --fault and --depth-encoding; the fault language becomes the help's epilogue."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (describe_faults() + '\n\nTimes count from the first frame; the parameter '
                     '`fault` changes the faults at run time,\nand times then count from the '
                     'next frame. Ctrl-C ends. `--ros-args ...` at the end goes to ROS.')
    parser.add_argument('--fps', type=positive, default=fps,
                        help=f'frames a second (default {fps:g})')
    parser.add_argument('--fault', type=fault_text, default='', metavar='F',
                        help='what is wrong with the sensors, see below (default nothing)')
    parser.add_argument('--depth-encoding', choices=DEPTH_ENCODINGS, default='32FC1',
                        help='32FC1: metres (default); 16UC1: millimetres')


def fault_text(text: str) -> str:
    try:
        parse_faults(text)
    except FaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
