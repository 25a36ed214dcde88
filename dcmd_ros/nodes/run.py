"""The inspector node as a process: start, spin, end cleanly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.inspector_node import InspectorNode, describe
from dcmd_ros.nodes.parameters import REFUSALS
from dcmd_ros.nodes.session import Interruption, ros_session, signals_deferred

POLL = 0.1  # s until a signal is seen at the latest


def run_node(ros_args: Sequence[str], parameters: Mapping[str, str],
             beside: Callable[[str], AbstractContextManager[Any]] = nullcontext) -> None:
    """
    Spin an InspectorNode until SIGINT or SIGTERM.

    :param ros_args: from `--ros-args` on
    :param parameters: override those of `ros_args`
    :param beside: what runs meanwhile, from the node's whole name
    :raises DcmdError: where an argument or a parameter's start value is wrong
    """
    with ros_session(ros_args) as context, signals_deferred() as interruption:
        node = make_node(parameters, context)
        try:
            with beside(node.get_fully_qualified_name()):
                spin(node, interruption)
        finally:
            node.close()
            node.destroy_node()


def make_node(parameters: Mapping[str, str], context: Context) -> InspectorNode:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    try:
        return InspectorNode(context=context, parameter_overrides=overrides)
    except REFUSALS as error:
        raise DcmdError(f'wrong parameter: {describe(error)}') from None


def spin(node: InspectorNode, interruption: Interruption) -> None:
    """Until shutdown or a signal. An exception out of a callback is logged and no more."""
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        while node.context.ok() and not interruption.came:
            try:
                executor.spin_once(timeout_sec=POLL)
            except ExternalShutdownException:
                break
            except Exception as error:
                node.get_logger().error(f'a callback failed: {describe(error)}')
    finally:
        executor.shutdown()
