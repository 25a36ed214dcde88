"""`--camera`: where a driver publishes, and the parameters that suit it, from config/cameras."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from dcmd_ros.errors import DcmdError
from dcmd_ros.share import share_directory

NAME = re.compile(r'[A-Za-z_]\w*(/[A-Za-z_]\w*)*')


@dataclass(frozen=True)
class Driver:
    """
    What a camera's file says.

    topics      the driver's topic by the inspector's own name for it
    parameters  of the inspector
    """

    topics: Mapping[str, str]
    parameters: Mapping[str, Any]

    def arguments(self) -> tuple[list[str], list[str]]:
        """Parameters and remappings as ROS arguments."""
        return (list(pairs('-p', self.parameters)), list(pairs('-r', self.topics)))


def drivers() -> list[str]:
    """The names that there is a file for."""
    return sorted(path.stem for path in (share_directory() / 'config/cameras').glob('*.yaml'))


def driver(name: str, camera_name: str | None = None) -> Driver:
    """
    The driver's file, with its topics for a camera that was started under this name.

    :param camera_name: None: the driver's default
    :raises DcmdError: a name that no topic can hold
    """
    path = share_directory() / 'config/cameras' / f'{name}.yaml'
    told = yaml.safe_load(path.read_text(encoding='utf-8'))
    chosen = told['camera_name'] if camera_name is None else camera_name.strip('/')
    if chosen and not NAME.fullmatch(chosen):
        raise DcmdError(f'--camera-name {camera_name!r} cannot be part of a topic: give letters, '
                        'digits and _, as to the driver')
    topics = {ours: topic.replace('{camera_name}', chosen).replace('//', '/')
              for ours, topic in told['topics'].items()}
    return Driver(topics, told['parameters'])


def add_camera_arguments(parser: argparse.ArgumentParser) -> None:
    """--camera and --camera-name."""
    group = parser.add_argument_group('camera', 'what is given after --ros-args prevails')
    group.add_argument('--camera', choices=drivers(), metavar='DRIVER',
                       help=f'topics and parameters for its driver: {", ".join(drivers())}')
    group.add_argument('--camera-name', metavar='NAME',
                       help="the driver's camera_name, where it is not the default one")


def ros_arguments(args: argparse.Namespace) -> list[str]:
    """
    The user's ROS arguments and those of --camera.

    Of parameters ROS takes the last, of remappings the first that fits: the user's come there.

    :raises DcmdError: a camera name that no topic can hold, or one without a camera
    """
    if args.camera is None:
        if args.camera_name is not None:
            raise DcmdError('--camera-name says nothing without --camera')
        return list(args.ros_args)
    parameters, remappings = driver(args.camera, args.camera_name).arguments()
    return ['--ros-args', *parameters, *args.ros_args, '--ros-args', *remappings]


def pairs(flag: str, values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield from (flag, f'{name}:={value}')
