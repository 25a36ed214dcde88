"""Those who listen to a source: awaited before it begins, given time when it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo

from dcmd_ros.errors import DcmdError

SETTLED = 0.5  # seconds without a new subscription after the first
ATTENTIVE = 10.0  # seconds that a node that is there has to subscribe to frames
FLUSHED = 15.0  # seconds that a listener has to acknowledge the last messages
POLL = 0.05
UNKNOWN = '_NODE_NAME_UNKNOWN_'  # rmw's name of a node whose topics are found before itself


class Audience:
    """
    Of a node's publishers.

    :param images: whose first subscription is waited for
    :param spin: runs the node for so many seconds
    """

    def __init__(self, node: Node, images: Sequence[Publisher], outputs: Sequence[Publisher],
                 spin: Callable[[float], None]) -> None:
        self._node = node
        self._images = images
        self._outputs = outputs
        self._spin = spin

    def wait(self, limit: float | None, nodes: Sequence[str] = ()) -> None:
        """
        Until an image has a subscription and the nodes are there, then until no more come.

        The nodes get some time to listen to frames: an observer takes the images only once it
        has seen that no CameraInfo comes. Some may never do.

        :param limit: seconds, None = for ever
        :param nodes: names without the name space; their subscriptions to images do not count, for
            an observer may be found before the inspector that it observes
        :raises DcmdError: nobody came
        """
        topics = ' or '.join(publisher.topic_name for publisher in self._images)
        self._node.get_logger().info(' and '.join(
            [f'waiting for a subscription to {topics}', *(f'node {name}' for name in nodes)]))
        begin = time.monotonic()
        while missing := self._missing(topics, nodes):
            if limit is not None and time.monotonic() > begin + limit:
                raise DcmdError(f'{missing} within {limit:g} s; start the inspector first, or '
                                'give --wait 0')
            self._spin(POLL)
        end = time.monotonic() + ATTENTIVE
        while not self._are_listening(nodes) and time.monotonic() < end:
            self._spin(POLL)
        self._settle()

    def _are_listening(self, nodes: Sequence[str]) -> bool:
        """Whether each of the nodes has subscribed to an image or its CameraInfo."""
        frames = [p for p in self._outputs if p in self._images or p.msg_type is CameraInfo]
        listening = {one.node_name for publisher in frames
                     for one in self._node.get_subscriptions_info_by_topic(publisher.topic_name)}
        return listening.issuperset(nodes)

    def _missing(self, topics: str, nodes: Sequence[str]) -> str:
        """Who is not there yet, empty where all are."""
        if not any(self._is_heard(publisher, nodes) for publisher in self._images):
            return f'nobody subscribed to {topics}'
        there = self._node.get_node_names()
        return next((f'node {name} did not come up' for name in nodes if name not in there), '')

    def _is_heard(self, publisher: Publisher, nodes: Sequence[str]) -> bool:
        """Whether more listen than the nodes, and those whose name is not known yet."""
        listeners = self._node.get_subscriptions_info_by_topic(publisher.topic_name)
        count = sum(one.node_name in (*nodes, UNKNOWN) for one in listeners)
        return publisher.get_subscription_count() > count

    def flush(self) -> bool:
        """Whether all reliable listeners got the last messages in time."""
        end = time.monotonic() + FLUSHED
        return all(publisher.wait_for_all_acked(
            Duration(seconds=max(end - time.monotonic(), 0.0))) for publisher in self._outputs)

    def _settle(self) -> None:
        counts: list[int] = []
        since = time.monotonic()
        while time.monotonic() < since + SETTLED:
            self._spin(POLL)
            now = [publisher.get_subscription_count() for publisher in self._outputs]
            if now != counts:
                counts, since = now, time.monotonic()
