"""The web page as a process: start, spin, end cleanly."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from rclpy.context import Context
from rclpy.exceptions import NameValidationException
from rclpy.executors import SingleThreadedExecutor
from rclpy.validate_topic_name import validate_topic_name

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.session import large_images, ros_session, signals_deferred
from dcmd_ros.nodes.web_feed import WebFeed
from dcmd_ros.web.address import Address
from dcmd_ros.web.board import Board
from dcmd_ros.web.server import serving

POLL = 0.1  # s until a browser's wish or a signal is seen at the latest


def serve(address: Address, inspector: str, ros_args: Sequence[str],
          ready: Callable[[Address], None], parent: int | None = None) -> None:
    """
    Serve until SIGINT or SIGTERM. In the main thread.

    :param ready: is called with the address when a browser may come
    :param parent: id of the process that started this one; end when it has gone
    :raises DcmdError: bad ROS arguments, no name, or the address is not to be had
    """
    large_images()
    with ros_session(ros_args) as context, signals_deferred() as interruption:
        feed = make_feed(context, inspector)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(feed)
        try:
            with serving(address, feed.board, feed.inspector) as server:
                ready(server.address)
                while not interruption.came and parent in (None, os.getppid()):
                    executor.spin_once(timeout_sec=POLL)
                    feed.look()
        finally:
            executor.shutdown()
            feed.destroy_node()


def make_feed(context: Context, inspector: str) -> WebFeed:
    try:
        validate_topic_name(inspector)
    except NameValidationException:
        raise DcmdError(f'{inspector!r} is no name of a node; --inspector takes one such as '
                        '/cell1/dcmd_inspector') from None
    return WebFeed(context, inspector, Board())
