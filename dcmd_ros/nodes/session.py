"""A ROS context for the time of a command."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from dcmd_ros.errors import DcmdError
from dcmd_ros.share import share_directory

FASTDDS_PROFILE = 'FASTRTPS_DEFAULT_PROFILES_FILE'


def large_images() -> None:
    """
    Give this process shared memory for large images, unless the user chose a profile himself.

    Before ROS starts. Fast DDS' default of 512 kB loses most best-effort images of 640x480;
    other middlewares do not read the variable.
    """
    os.environ.setdefault(FASTDDS_PROFILE, str(share_directory() / 'config' / 'fastdds.xml'))


class Interruption:
    """Handles SIGINT and SIGTERM by remembering that one came; a third ends what hangs."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.came:
            signal.signal(number, signal.default_int_handler)
        self.came = True


@contextmanager
def signals_deferred() -> Iterator[Interruption]:
    """
    SIGINT and SIGTERM raise nothing meanwhile; who spins looks whether one came.

    Raised while rclpy takes a message, KeyboardInterrupt becomes a RuntimeError and leaves the
    callback group taken for ever: the node would live on deaf, where no signal reaches it.
    For the main thread only.
    """
    interruption = Interruption()
    before = {number: signal.signal(number, interruption)
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
