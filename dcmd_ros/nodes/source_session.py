"""A source's node at work in a process of its own, from ROS' start to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

import cv2
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from dcmd_ros.nodes.session import Interruption, large_images, ros_session, signals_deferred

N = TypeVar('N', bound=Node)


class Interruptible(Protocol):
    """What a source reports, as far as this goes."""

    interrupted: bool


@contextmanager
def source_session(make: Callable[[Context], N], report: Interruptible, ros_args: Sequence[str],
                   ) -> Iterator[tuple[N, SingleThreadedExecutor, Interruption]]:
    """
    The node, its executor, and whether a signal came; KeyboardInterrupt ends it well.

    :raises DcmdError: bad ROS arguments
    """
    cv2.setNumThreads(1)
    large_images()
    with ros_session(ros_args) as context, signals_deferred() as interruption:
        source = make(context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(source)
        try:
            yield source, executor, interruption
        except KeyboardInterrupt:  # told to whoever asked for the report
            pass
        finally:
            report.interrupted = interruption.came
            executor.shutdown()
            source.destroy_node()
