"""Records topics as they come: raw messages from subscriptions to a spool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from typing import Any

from rclpy.clock import ROSClock
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.spool import Entry, Spool
from dcmd_ros.bags.types import definition
from dcmd_ros.nodes.inputs import Gap, sequence
from dcmd_ros.nodes.qos import mismatch
from dcmd_ros.nodes.recorded_topics import TopicOptions, TopicSelection

NAME = 'dcmd_recorder'
DEPTH = 100  # messages that wait for this process before the middleware drops one


@dataclass
class Count:
    """
    Of one topic.

    bytes    of the messages
    dropped  that came, but the disk was too slow for
    lost     that the publisher sent, but that did not come
    """

    type: str
    messages: int = 0
    bytes: int = 0
    dropped: int = 0
    lost: int = 0

    def figures(self) -> dict[str, object]:
        return asdict(self)


class Recorder(Node):
    """
    Subscribes to what is published; `scan` looks for new topics.

    counts   by topic
    tell     gets what the user should know, a line each
    """

    def __init__(self, context: Context, options: TopicOptions, spool: Spool,
                 tell: Callable[[str], None]) -> None:
        super().__init__(NAME, context=context)
        self.counts: dict[str, Count] = {}
        self.selection = TopicSelection(self, options)
        self._spool = spool
        self._tell = tell
        self._subscribed: dict[str, Subscription] = {}
        self._refused: set[str] = set()

    @property
    def waits_for_clock(self) -> bool:
        """Whether simulated time is wanted and has not begun."""
        clock = self.get_clock()
        return isinstance(clock, ROSClock) and clock.ros_time_is_active \
            and clock.now().nanoseconds == 0

    @property
    def messages(self) -> int:
        return sum(count.messages for count in self.counts.values())

    def published(self) -> dict[str, str]:
        """Type by topic, of all topics on the graph that have a publisher."""
        return {name: types[0] for name, types in self.get_topic_names_and_types()
                if self.count_publishers(name)}

    def scan(self) -> None:
        """Subscribe to what is new; again, with less asked for, where a publisher offers less."""
        if self.waits_for_clock:
            return
        for topic in self.selection(self.published()):
            publishers = self.get_publishers_info_by_topic(topic)
            if publishers and topic not in self._refused:
                self._follow(topic, publishers)

    def _follow(self, topic: str, publishers: Sequence[TopicEndpointInfo]) -> None:
        subscription = self._subscribed.get(topic)
        if subscription is None:
            self._begin(topic, publishers)
        elif any(mismatch(p.qos_profile, subscription.qos_profile) for p in publishers):
            self.destroy_subscription(subscription)
            self._subscribe(topic, publishers)
            self._tell(f'{topic}: subscribed anew, as a publisher with another QoS has come')

    def _begin(self, topic: str, publishers: Sequence[TopicEndpointInfo]) -> None:
        kind = publishers[0].topic_type
        try:
            definition(kind)
            message_class(kind)
        except BagError as error:
            self._refused.add(topic)
            self._tell(f'{topic} is NOT recorded: {error}')
            return
        self.counts[topic] = Count(kind)
        self._subscribe(topic, publishers)
        self._tell(f'recording {topic} ({kind})')

    def _subscribe(self, topic: str, publishers: Sequence[TopicEndpointInfo]) -> None:
        self._subscribed[topic] = self.create_subscription(
            message_class(self.counts[topic].type), topic,
            with_info(partial(self._take, topic, self.counts[topic], Gap())),  # type: ignore[arg-type]
            offered([p.qos_profile for p in publishers]), raw=True)

    def _take(self, topic: str, count: Count, gap: Gap, data: bytes,
              info: Mapping[str, Any]) -> None:
        count.lost += gap.missed(sequence(info))
        if self._spool.put(Entry(topic, count.type, data, self.get_clock().now().nanoseconds)):
            count.messages += 1
            count.bytes += len(data)
        else:
            count.dropped += 1


def with_info(
        take: Callable[[bytes, Mapping[str, Any]], None]) -> Callable[[bytes, Any], None]:
    """A function of exactly two arguments, by which rclpy tells who wants the message's info."""
    def callback(data: bytes, info: Mapping[str, Any]) -> None:
        take(data, info)
    return callback


def offered(publishers: Sequence[QoSProfile]) -> QoSProfile:
    """The most that all of the publishers give."""
    reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in publishers)
    kept = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in publishers)
    return QoSProfile(
        depth=DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if kept else DurabilityPolicy.VOLATILE)


def message_class(kind: str) -> Any:
    """Of a type such as sensor_msgs/msg/Image; BagError where it is not installed."""
    package, _, name = kind.split('/')
    try:
        return getattr(import_module(f'{package}.msg'), name)
    except (ImportError, AttributeError):
        raise BagError(f'its type {kind} is not installed in this Python') from None
