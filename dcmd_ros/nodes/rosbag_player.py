"""Leaves a bag to `ros2 bag play`, under the names that the inspector listens to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rclpy.executors import SingleThreadedExecutor

from dcmd_ros.bags.topics import Choice
from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.audience import Audience
from dcmd_ros.nodes.bag_messages import role_by_topic
from dcmd_ros.nodes.bag_player import BagOptions
from dcmd_ros.nodes.bag_source import BagSource
from dcmd_ros.nodes.session import large_images, ros_session, signals_deferred

CLOCK_HZ = 200


def hand_over(path: Path, types: Mapping[str, str], choice: Choice, options: BagOptions,
              ros_args: Sequence[str]) -> None:
    """
    Become `ros2 bag play` as soon as somebody listens, which it does not wait for itself.

    :raises DcmdError: nobody came, or there is no `ros2`
    """
    large_images()
    with ros_session(ros_args) as context, signals_deferred() as interruption:
        source = BagSource(context, choice, types, frozenset(), options.rate, False, 1)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(source)

        def spin(seconds: float) -> None:
            executor.spin_once(timeout_sec=seconds)
            if interruption.came:
                raise KeyboardInterrupt
        try:
            if options.wait != 0:
                Audience(source, source.images, source.outputs, spin).wait(
                    options.wait, options.wait_for)
            remaps = {topic: source.name_of(role, types[topic])
                      for topic, role in role_by_topic(choice).items()}
        finally:
            executor.shutdown()
            source.destroy_node()
    become(command(path, remaps, options))


def command(path: Path, remaps: Mapping[str, str], options: BagOptions) -> list[str]:
    """The command line."""
    loop = ['--loop'] if options.loop else []
    return ['ros2', 'bag', 'play', str(path), '--clock', str(CLOCK_HZ),
            '--rate', str(options.rate), *loop, '--disable-keyboard-controls',
            '--topics', *remaps, '--remap', *(f'{old}:={new}' for old, new in remaps.items())]


def become(arguments: list[str]) -> None:
    """:raises DcmdError: the command is not there"""
    try:
        os.execvp(arguments[0], arguments)
    except OSError as error:
        raise DcmdError(f'{arguments[0]} cannot be started ({error.strerror}): source the '
                        'setup.bash of ROS 2, or leave --ros2-bag out') from error
