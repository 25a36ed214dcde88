"""The inspector node as a process: start, spin, end cleanly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import rclpy
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterException,
)
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.inspector_node import InspectorNode


def run_node(ros_args: Sequence[str], parameters: Mapping[str, str]) -> None:
    """
    Spin an InspectorNode until SIGINT or SIGTERM.

    :param ros_args: from `--ros-args` on
    :param parameters: override those of `ros_args`
    :raises DcmdError: where an argument or a parameter's start value is wrong
    """
    try:
        rclpy.init(args=list(ros_args))
    except Exception as error:
        raise DcmdError(f'ROS 2 does not start: {first_line(error)}') from None
    try:
        node = make_node(parameters)
        try:
            spin(node)
        finally:
            node.close()
            node.destroy_node()
    finally:
        rclpy.try_shutdown()


def make_node(parameters: Mapping[str, str]) -> InspectorNode:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    try:
        return InspectorNode(parameter_overrides=overrides)
    except (InvalidParameterTypeException, InvalidParameterValueException,
            ParameterException) as error:
        raise DcmdError(f'wrong parameter: {first_line(error)}') from None


def spin(node: InspectorNode) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        executor.shutdown()


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
