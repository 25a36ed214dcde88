"""`dcmd_ros inspect`: the inspector node, without `ros2 launch`."""

from __future__ import annotations

import argparse
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dcmd_ros.commands.camera_options import add_camera_arguments, ros_arguments
from dcmd_ros.commands.child import process
from dcmd_ros.web.address import DEFAULT, HOST, PORT, Address, address


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--model', help='checkpoint that `dcmd_ros train` made; without it the '
                        'node waits for parameter model')
    parser.add_argument('--device', help='auto, cpu or cuda:N (default: parameter device, auto)')
    parser.add_argument('--engine', help='auto, torch, openvino, onnxruntime or tensorrt '
                        '(default: parameter engine, auto)')
    add_camera_arguments(parser)
    parser.add_argument('--web', nargs='?', type=address, const=Address(HOST, PORT),
                        metavar='HOST:PORT',
                        help=f'also serve a live page for a browser (at {DEFAULT}, for this '
                        'machine only, unless given; 0.0.0.0:8080 lets the network look)')
    parser.epilog = 'After --ros-args everything that ROS 2 takes: -p NAME:=VALUE, ' \
                    '-r rgb/image:=/camera/color/image_raw, -r __ns:=/cell1, --params-file FILE.'


def run(args: argparse.Namespace) -> None:
    """Spin until interrupted; a missing model is no reason to end, see /diagnostics."""
    from dcmd_ros.nodes.run import run_node
    if args.web:
        args.web.check()
    given = {'model': args.model, 'device': args.device, 'engine': args.engine}

    def page(inspector: str) -> AbstractContextManager[Any]:
        """A process of its own, which takes no time from inspection's interpreter."""
        return process('web', str(args.web), '--inspector', inspector, '--parent',
                       str(os.getpid())) if args.web else nullcontext()

    parameters = {name: value for name, value in given.items() if value is not None}
    run_node(ros_arguments(args), parameters, page)
