"""The command line: `python -m dcmd_ros <verb>`, exit 0 done, 1 failed, 2 usage."""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from dcmd_ros import __version__
from dcmd_ros.errors import DcmdError, Unmet

VERBS = {
    'inspect': 'the inspector node, without `ros2 launch`',
    'camera': 'a simulated RGB-D camera, live',
    'play': 'a folder, a data set or a bag as a live RGB-D camera',
    'observe': 'a running inspector and the truth beside it, into a report',
    'web': 'a live page of a running inspector for any browser',
    'record': "the cameras' and the inspector's topics into a bag",
    'generate': 'write a simulated data set',
    'train': 'train a model from good parts',
    'calibrate': 'new thresholds from new good parts, no retraining',
    'evaluate': 'metrics, report and panels on a data set',
    'replay': 'a bag through the inspector offline, every frame',
    'demo': 'camera and inspector together: parts go by, sensors fail and come back',
}
QUIET_INTERVAL = '10'  # seconds between two lines of a progress bar that nobody watches
# Turns that an idle OpenMP thread spins before it sleeps: libgomp's usual 300,000 burn a busy
# machine's cores, none at all make an idle machine a third slower.
SPINS = '20000'
EPILOG = 'Each verb has its own --help. Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted.'


def command(verb: str) -> ModuleType:
    """The module of a verb; imported only when asked for, so that --help stays quick."""
    return importlib.import_module(f'dcmd_ros.commands.{verb}')


def split_ros_args(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is ours, and what stands from `--ros-args` on."""
    arguments = list(argv)
    cut = arguments.index('--ros-args') if '--ros-args' in arguments else len(arguments)
    return arguments[:cut], arguments[cut:]


def overview() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='dcmd_ros', description='RGB-D inspection that survives a lost sensor.',
        epilog=EPILOG)
    parser.add_argument('--version', action='version', version=__version__)
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    for verb, text in VERBS.items():
        verbs.add_parser(verb, help=text, add_help=False)
    return parser


def parse(argv: Sequence[str]) -> tuple[ModuleType, argparse.Namespace]:
    ours, ros_args = split_ros_args(argv)
    verb = overview().parse_args(ours[:1]).verb
    module = command(verb)
    parser = argparse.ArgumentParser(prog=f'dcmd_ros {verb}', description=VERBS[verb])
    module.add_arguments(parser)
    parser.add_argument('--json', action='store_true', help='print the figures as the last line')
    args = parser.parse_args(ours[1:])
    args.ros_args = ros_args
    return module, args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    if not sys.stderr.isatty():
        os.environ.setdefault('TQDM_MININTERVAL', QUIET_INTERVAL)
    if 'OMP_WAIT_POLICY' not in os.environ:
        os.environ.setdefault('GOMP_SPINCOUNT', SPINS)  # before torch comes
    try:
        module, args = parse(sys.argv[1:] if argv is None else argv)
        code, figures = execute(module, args)
    except KeyboardInterrupt:  # while the verb was imported
        return 130
    except ImportError as error:
        package = (error.name or '').partition('.')[0]
        if package == 'dcmd_ros':
            raise
        print(f'dcmd_ros: {not_there(package, error)}', file=sys.stderr)
        return 1
    if args.json and figures is not None:
        print(json.dumps(finite(figures)), flush=True)
    return code


def not_there(package: str, error: ImportError) -> str:
    """What to do about a library that cannot be imported."""
    if package == 'rclpy' or package.endswith(('_msgs', '_interfaces')):
        return (f'ROS 2 is not there ({error}): source its setup.bash, or '
                'pip install "dcmd_ros[ros]"')
    if isinstance(error, ModuleNotFoundError):
        return (f'{error.name} is not installed here; activate the environment '
                '(. .venv/bin/activate) or install the package with pip')
    return f'{package or "a library"} cannot be imported: {error}'


def execute(module: ModuleType, args: argparse.Namespace) -> tuple[int, dict[str, object] | None]:
    """Exit code and figures, None where the verb did not get that far."""
    try:
        return 0, module.run(args) or {}
    except Unmet as error:
        print(f'dcmd_ros: {error}', file=sys.stderr)
        return 1, error.figures
    except DcmdError as error:
        print(f'dcmd_ros: {error}', file=sys.stderr)
        return 1, None
    except KeyboardInterrupt:
        return 130, None


def finite(value: Any) -> Any:
    """The same with None for NaN and infinities, which JSON does not know."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
