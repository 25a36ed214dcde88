"""The subscriptions: images of both modalities to their filters, calibrations to the cache."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from rclpy.event_handler import (
    QoSMessageLostInfo,
    QoSRequestedIncompatibleQoSInfo,
    SubscriptionEventCallbacks,
    UnsupportedEventTypeError,
)
from rclpy.qos import QoSPolicyKind
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.shot import Arrival, digest
from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes.parameters import Settings
from dcmd_ros.nodes.qos import input_qos, troubles
from dcmd_ros.sensing.registration import is_rectified

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.subscription import Subscription

RATE_WINDOW = 50  # messages
PUBLISHERS = 4


class Input:
    """
    One modality's topic, with the interface of a message filter: `registerCallback`.

    The callbacks get an Arrival.
    """

    def __init__(self, modality: Modality, tally: Tally) -> None:
        self.modality = modality
        self.freeze_count = 0
        self.subscription: Subscription | None = None
        self._tally = tally
        self._callbacks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self._arrivals: deque[int] = deque(maxlen=RATE_WINDOW)
        self.reset()

    def registerCallback(self, callback: Callable[..., Any], *args: Any) -> None:  # noqa: N802
        """message_filters' name for: call this with each message and `args`."""
        self._callbacks.append((callback, args))

    def receive(self, message: Any, info: Mapping[str, Any]) -> None:
        """Take a message; nothing that goes wrong here gets out."""
        try:
            now = time.monotonic_ns()
            self._arrivals.append(now)
            self._tally.count(self.modality, 'received')
            self._tally.count(self.modality, 'lost', self._gap.missed(sequence(info)))
            arrival = Arrival(message, now, digest(message) if self.freeze_count else None)
            for callback, args in self._callbacks:
                callback(arrival, *args)
        except Exception as error:
            self._tally.trouble(self.modality, 'callback', f'{type(error).__name__}: {error}')

    def silence(self) -> float:
        """Seconds since the last message, before the first since it listens."""
        last = self._arrivals[-1] if self._arrivals else self._since
        return (time.monotonic_ns() - last) / 1e9

    def rate(self) -> float:
        """Messages per second over the last ones, 0 while silent."""
        span = (self._arrivals[-1] - self._arrivals[0]) / 1e9 if self._arrivals else 0
        intervals = len(self._arrivals) - 1
        if span <= 0 or self.silence() > 3 * span / intervals + 0.5:
            return 0.0
        return intervals / span

    def reset(self) -> None:
        self._gap = Gap()
        self._arrivals.clear()
        self._since = time.monotonic_ns()


class Gap:
    """
    Counts the messages of a publisher that did not arrive, by its sequence numbers.

    Remembers a few publishers, told apart by where their numbers are: one that restarts, or a
    second one, is no loss.
    """

    def __init__(self) -> None:
        self._lasts: deque[int] = deque(maxlen=PUBLISHERS)

    def missed(self, number: int | None) -> int:
        """How many lie between this message and the one before it; None has no number."""
        if number is None:
            return 0
        last = max((last for last in self._lasts if last < number), default=None)
        if last is not None:
            self._lasts.remove(last)
        self._lasts.append(number)
        return 0 if last is None else number - last - 1


class Inputs:
    """Subscribes and unsubscribes both modalities of `node`."""

    def __init__(self, node: Node, infos: CameraInfos, tally: Tally) -> None:
        self._node = node
        self._infos = infos
        self._tally = tally
        self._others: list[Subscription] = []
        self._seen: set[str] = set()
        self._pinned: set[str] = set()
        self.filters: dict[Modality, Input] = {m: Input(m, tally) for m in MODALITIES}

    def subscribe(self, settings: Settings) -> None:
        """Start listening as the settings say."""
        self.apply(settings)
        for modality in MODALITIES:
            source = self.filters[modality]
            kind, topic = source_topic(modality, settings)
            source.reset()
            source.subscription = self._subscription(
                kind, self._node.resolve_topic_name(topic) + suffix(modality, settings),
                source.receive, settings, modality)
            rectified = is_rectified(source.subscription.topic_name)
            self._others.append(self._subscription(
                CameraInfo, self.info_topic(modality),
                partial(self._keep_info, modality, rectified), settings, modality))

    def unsubscribe(self) -> None:
        for source in self.filters.values():
            if source.subscription is not None:
                self._node.destroy_subscription(source.subscription)
            source.subscription = None
        while self._others:
            self._node.destroy_subscription(self._others.pop())

    def apply(self, settings: Settings) -> None:
        """Take what may change while listening."""
        for source in self.filters.values():
            source.freeze_count = settings.freeze_count

    def topics(self) -> dict[Modality, str]:
        """The resolved name of each modality's topic."""
        return {modality: self.topic(modality) for modality in MODALITIES}

    def topic(self, modality: Modality) -> str:
        """The resolved name, empty while not subscribed."""
        subscription = self.filters[modality].subscription
        return subscription.topic_name if subscription else ''

    def info_topic(self, modality: Modality) -> str:
        """The resolved name of the calibration's topic."""
        return self._node.resolve_topic_name(f'{modality}/camera_info')

    def troubles(self, modality: Modality) -> tuple[list[str], list[str]]:
        """What keeps the modality's messages away, and what should be put right."""
        subscription = self.filters[modality].subscription
        return troubles(self._node, subscription) if subscription else ([], [])

    def publishers(self, modality: Modality) -> int:
        return self._node.count_publishers(self.topic(modality))

    def _subscription(
            self, kind: type, topic: str, callback: Callable[..., None], settings: Settings,
            modality: Modality) -> Subscription:
        asked = input_qos(settings.input_reliability)
        create = partial(
            self._node.create_subscription, kind, topic, callback,
            input_qos(settings.input_reliability),
            qos_overriding_options=QoSOverridingOptions(self._overridable(topic)))
        try:
            made = create(event_callbacks=self._events(modality, topic))
        except UnsupportedEventTypeError:
            made = create()
        if made.qos_profile.reliability != asked.reliability:
            self._pinned.add(made.topic_name)
        self._seen.add(made.topic_name)
        return made

    def _overridable(self, topic: str) -> tuple[QoSPolicyKind, ...]:
        """
        What `qos_overrides` may set. Such a parameter keeps its first value, so from the second
        time on reliability is the user's override or else `input_reliability`.
        """
        name = self._node.resolve_topic_name(topic)
        free = name in self._seen and name not in self._pinned
        kinds = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH)
        return kinds if free else (*kinds, QoSPolicyKind.RELIABILITY)

    def _events(self, modality: Modality, topic: str) -> SubscriptionEventCallbacks:
        def lost(event: QoSMessageLostInfo) -> None:
            self._tally.count(modality, 'lost_events', event.total_count_change)

        def incompatible(event: QoSRequestedIncompatibleQoSInfo) -> None:
            self._tally.count(modality, 'qos_mismatch', event.total_count_change)
            self._node.get_logger().warning(
                f'a publisher on {topic} offers another QoS than we ask for; see /diagnostics')
        return SubscriptionEventCallbacks(message_lost=lost, incompatible_qos=incompatible)

    def _keep_info(self, modality: Modality, rectified: bool, message: CameraInfo) -> None:
        try:
            warning = self._infos.update(modality, message, rectified)
        except Exception as error:
            warning = f'CameraInfo of {modality}: {type(error).__name__}: {error}'
        if warning:
            self._node.get_logger().warning(warning)


def source_topic(modality: Modality, settings: Settings) -> tuple[type, str]:
    """Message type and base topic of a modality."""
    if modality == 'depth' and settings.geometry_source == 'points':
        return PointCloud2, 'points'
    return (Image if transport(modality, settings) == 'raw' else CompressedImage,
            f'{modality}/image')


def transport(modality: Modality, settings: Settings) -> str:
    return settings.rgb_transport if modality == 'rgb' else settings.depth_transport


def suffix(modality: Modality, settings: Settings) -> str:
    """What the transport adds to the topic's resolved name."""
    cloud = modality == 'depth' and settings.geometry_source == 'points'
    chosen = transport(modality, settings)
    return '' if cloud or chosen == 'raw' else f'/{chosen}'


def sequence(info: Mapping[str, Any]) -> int | None:
    """The publisher's number of a message, None where the middleware has none."""
    return info.get('publication_sequence_number')
