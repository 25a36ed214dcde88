"""`camera`: the simulated RGB-D camera, live."""

from __future__ import annotations

import argparse
import re

from dcmd_ros.commands.number_types import count, share, whole
from dcmd_ros.commands.source_options import add_source_arguments
from dcmd_ros.simulation import KINDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser, fps=30.0)
    parser.add_argument('--seed', type=whole, default=0,
                        help='of parts, defects, noise and faults (default 0)')
    parser.add_argument('--size', type=size, default=(640, 480), metavar='WxH',
                        help='of the images (default 640x480)')
    parser.add_argument('--kind', choices=list(KINDS), default=next(iter(KINDS)),
                        help=f'of the parts (default {next(iter(KINDS))})')
    parser.add_argument('--defect-rate', type=share, default=0.3, metavar='SHARE',
                        help='share of defective parts (default 0.3)')
    parser.add_argument('--frames-per-part', type=count, default=15, metavar='N',
                        help='how long a part stays (default 15)')
    parser.add_argument('--pool', type=count, default=24, metavar='N',
                        help='so many parts are rendered before the first frame, then shown '
                        'again and again with fresh light noise, so that the rate holds '
                        '(default 24)')


def size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r'(\d+)x(\d+)', text)
    if not found:
        raise argparse.ArgumentTypeError(f'{text!r} is not WIDTHxHEIGHT, such as 640x480')
    return int(found[1]), int(found[2])


def run(args: argparse.Namespace) -> dict[str, object]:
    from dcmd_ros.nodes.camera import CameraOptions, run_camera
    from dcmd_ros.nodes.source_loop import SourceOptions

    camera = CameraOptions(args.seed, args.kind, args.size, args.pool, args.defect_rate,
                           args.frames_per_part)
    options = SourceOptions('camera', args.fps, args.fault, args.depth_encoding, args.seed)
    return run_camera(camera, options, args.ros_args).figures()
