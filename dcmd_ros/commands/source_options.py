"""What `camera` and `play` have in common on the command line."""

from __future__ import annotations

import argparse

from dcmd_ros.sensing.faults import FaultError, describe_faults, parse_faults

DEPTH_ENCODINGS = ('32FC1', '16UC1')


def add_source_arguments(parser: argparse.ArgumentParser, fps: float) -> None:
    """--fps, --fault and --depth-encoding; the fault language becomes the help's epilogue."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (describe_faults() + '\n\nTimes count from the first frame; the parameter '
                     '`fault` changes the faults at run time,\nand times then count from the '
                     'change. Ctrl-C ends. `--ros-args ...` at the end goes to ROS.')
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


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not above zero')
    return value


def whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f'{text} is negative')
    return value


def not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not a number from 0 on')
    return value


def count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not at least 1')
    return value


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text} is not in 0..1')
    return value
