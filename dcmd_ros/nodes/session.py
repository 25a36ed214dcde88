"""A ROS context for the time of a command."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from dcmd_ros.errors import DcmdError


@contextmanager
def ros_session(ros_args: Sequence[str]) -> Iterator[Context]:
    """
    A context made with `--ros-args ...`; SIGINT and SIGTERM raise KeyboardInterrupt meanwhile.

    For the main thread only.

    :raises DcmdError: ROS cannot read the arguments
    """
    context = Context()
    try:
        rclpy.init(args=list(ros_args), context=context,
                   signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        reason = ' '.join(str(error).split())
        raise DcmdError(f'ROS did not start with {" ".join(ros_args)!r}: {reason}') from error
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield context
    finally:
        signal.signal(signal.SIGTERM, before)
        context.try_shutdown()
