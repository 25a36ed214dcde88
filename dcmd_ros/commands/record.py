"""`record`: the inspector's inputs and outputs into one .mcap file."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dcmd_ros.commands.camera_options import add_camera_arguments, ros_arguments
from dcmd_ros.commands.number_types import count, positive
from dcmd_ros.errors import DcmdError, Unmet

if TYPE_CHECKING:
    from dcmd_ros.nodes.recording import Report

TRANSPORTS = ('auto', 'raw', 'compressed', 'all')
SUFFIX = '.mcap'
LITTLE, NOTHING = 1 << 30, 16 << 20  # bytes free: a warning, a refusal
BUFFER = 256                         # MB
EPILOG = (
    'Recorded: rgb/image, depth/image, their camera_info, points, dcmd_inspector/*, truth/*, '
    '/tf_static and /diagnostics, as far as they are published; a topic that appears later is '
    'recorded from then on. Ctrl-C ends the recording. After --ros-args what ROS 2 takes: '
    '-r rgb/image:=/camera/color/image_raw, -r __ns:=/cell1, -p use_sim_time:=true.')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument('out', type=Path, metavar='OUT.mcap', help='the file to write')
    parser.add_argument('--duration', type=positive, metavar='S',
                        help='end so many seconds after the first message (default: at Ctrl-C)')
    parser.add_argument('--inputs-only', action='store_true',
                        help="without the inspector's outputs and /diagnostics")
    parser.add_argument('--no-pictures', action='store_true',
                        help='without images and clouds: verdicts, scores, states, calibrations')
    parser.add_argument('--points', action='store_true',
                        help="the inspector's coloured cloud too, which is large")
    parser.add_argument('--topics', nargs='+', default=[], metavar='TOPIC',
                        help='record these too')
    parser.add_argument('--transport', choices=TRANSPORTS, default='auto',
                        help='images raw, compressed or both; auto (default): raw, and compressed '
                        'where no raw one is published')
    parser.add_argument('--inspector', default='dcmd_inspector', metavar='NODE',
                        help='name of the inspector node (default dcmd_inspector)')
    parser.add_argument('--buffer', type=count, default=BUFFER, metavar='MB',
                        help='messages that may wait for the disk; what comes beyond is dropped '
                        f'and counted (default {BUFFER})')
    parser.add_argument('--overwrite', action='store_true', help='OUT.mcap may exist already')
    add_camera_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, object]:
    from dcmd_ros.nodes.recorded_topics import TopicOptions
    from dcmd_ros.nodes.recording import record
    path = args.out.expanduser()
    check(path, args.overwrite)
    options = TopicOptions(args.inputs_only, tuple(args.topics), not args.no_pictures,
                           args.points, args.transport, args.inspector)
    report = record(path, options, ros_arguments(args), args.duration, args.buffer << 20,
                    args.overwrite)
    print(summary(report), flush=True)
    figures = {'file': str(path), **report.figures()}
    if report.failure is not None:
        raise Unmet(str(report.failure), figures)
    if not report.total('messages'):
        raise Unmet(f'{path} was not written: no message came; is the camera running, and are '
                    'the topics the ones that --help names (--ros-args -r)?', figures)
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB', flush=True)
    return figures


def check(path: Path, overwrite: bool) -> None:
    """:raises DcmdError: nothing can be recorded into this file"""
    folder = path.parent
    if path.suffix != SUFFIX:
        raise DcmdError(f'{path}: the name must end in {SUFFIX}')
    if not folder.is_dir():
        raise DcmdError(f'{path}: the folder {folder} does not exist; make it first')
    if path.is_dir():
        raise DcmdError(f'{path} is a folder; give the name of a file')
    if path.exists() and not overwrite:
        raise DcmdError(f'{path} is there already; give another name, or --overwrite')
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise DcmdError(f'{path} cannot be written: no permission in {folder}')
    free = shutil.disk_usage(folder).free
    if free < NOTHING:
        raise DcmdError(f'{folder}: only {free / 1e6:.0f} MB are free; make room first')
    if free < LITTLE:
        print(f'warning: only {free / 1e9:.2f} GB are free in {folder}', file=sys.stderr)


def summary(report: Report) -> str:
    """A table of the topics."""
    width = max(map(len, [*report.counts, 'topic']))
    lines = [f'{"topic":{width}} {"messages":>9} {"MB":>9} {"dropped":>8} {"lost":>6}']
    lines += [f'{name:{width}} {c.messages:9} {c.bytes / 1e6:9.1f} {c.dropped:8} {c.lost:6}'
              for name, c in sorted(report.counts.items())]
    if any(c.dropped or c.lost for c in report.counts.values()):
        lines.append('dropped: the disk was too slow, lost: the machine was; record at fewer '
                     'frames a second, --transport compressed, or with a larger --buffer')
    return '\n'.join(lines)
