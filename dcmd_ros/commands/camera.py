"""`camera`: the simulated RGB-D camera, live."""

from __future__ import annotations

import argparse
import math

from dcmd_ros.commands.generate import kinds
from dcmd_ros.commands.number_types import (
    count,
    not_negative,
    positive,
    share,
    size,
    whole,
)
from dcmd_ros.commands.source_options import add_source_arguments
from dcmd_ros.simulation import KINDS, Belt
from dcmd_ros.simulation.belt import moving
from dcmd_ros.simulation.camera import DEPTH_FRAME_ID, POINTS_TO_RGB

STANDING, PASSING = 24, 8  # parts of a pool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser, fps=30.0)
    parser.add_argument('--seed', type=whole, default=0,
                        help='of parts, defects, noise and faults (default 0)')
    parser.add_argument('--size', type=size, default=(640, 480), metavar='WxH',
                        help='of the images (default 640x480)')
    parser.add_argument('--kind', type=kinds, default=(next(iter(KINDS)),), metavar='KIND',
                        help=f'of the parts: {", ".join(KINDS)} (default {next(iter(KINDS))}); of '
                        'several, comma separated, the first is shown until parameter kind '
                        'changes to another')
    parser.add_argument('--defect-rate', type=share, default=0.3, metavar='SHARE',
                        help='share of defective parts (default 0.3)')
    parser.add_argument('--frames-per-part', type=count, default=15, metavar='N',
                        help='how long a part stays (default 15)')
    parser.add_argument('--empty-frames', type=whole, default=0, metavar='N',
                        help='how long the place is empty after each part (default 0)')
    parser.add_argument('--belt', action='store_true',
                        help=f'parts ({", ".join(moving())}) cross the view on a moving belt, '
                        'empty between them, instead of staying')
    parser.add_argument('--speed', type=positive, default=0.5, metavar='M/S',
                        help="the belt's (default 0.5)")
    parser.add_argument('--gap', type=not_negative, default=0.3, metavar='S',
                        help='seconds of empty belt between two parts (default 0.3)')
    parser.add_argument('--points', action='store_true',
                        help='publish depth as an organised cloud on points too, in the frame '
                        f'{DEPTH_FRAME_ID}; the inspector then needs -p geometry_source:=points '
                        f'-p points_to_rgb:={list(POINTS_TO_RGB)}')
    parser.add_argument('--distortion', type=coefficients, default=(), metavar='K1,K2,P1,P2,K3',
                        help="of the lens, OpenCV's model (default none)")
    parser.add_argument('--jitter', type=not_negative, default=0.0, metavar='S',
                        help="standard deviation of depth's stamps from colour's, seconds "
                        '(default 0)')
    parser.add_argument('--pool', type=count, metavar='N',
                        help='so many parts are rendered before the first frame, then shown '
                        'again and again with fresh light noise, so that the rate holds '
                        f'(default {STANDING}; {PASSING} with --belt, which keeps some 1.5 MB for '
                        'each frame of a pass)')


def coefficients(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(word) for word in text.split(','))
    except ValueError:
        numbers = ()
    if len(numbers) != 5 or not all(map(math.isfinite, numbers)):
        raise argparse.ArgumentTypeError(f'{text!r} is not five numbers K1,K2,P1,P2,K3')
    return numbers


def run(args: argparse.Namespace) -> dict[str, object]:
    from dcmd_ros.nodes.camera import CameraOptions, run_camera
    from dcmd_ros.nodes.source import Mounting
    from dcmd_ros.nodes.source_loop import SourceOptions

    camera = CameraOptions(
        args.seed, args.kind[0], args.size, args.pool or (PASSING if args.belt else STANDING),
        args.defect_rate, args.frames_per_part, args.empty_frames,
        Belt(args.speed, args.gap) if args.belt else None, args.fps, args.distortion,
        args.kind[1:])
    options = SourceOptions('camera', args.fps, args.fault, args.depth_encoding, args.seed,
                            mounting=Mounting(args.distortion, args.jitter, args.points))
    return run_camera(camera, options, args.ros_args).figures()
