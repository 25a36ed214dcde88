"""What is to be heard of a stream besides its results: frames, truth, maps, overlays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import String

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.nodes.observer import Observer
from dcmd_ros.nodes.stamped_bytes import stamp_of
from dcmd_ros.sensing.message import MessageError, image_view

SMALL, LARGE = 1000, 10  # messages kept while this process is busy
IMAGES: dict[Modality, dict[str, type]] = {
    'rgb': {'': Image, '/compressed': CompressedImage},
    'depth': {'': Image, '/compressed': CompressedImage, '/compressedDepth': CompressedImage}}


class Sink(Protocol):
    """Takes what comes; stamps in nanoseconds."""

    def frame(self, sensor: Modality, stamp: int) -> None: ...

    def label(self, text: str) -> None: ...

    def mask(self, stamp: int, image: NDArray[np.generic]) -> None: ...

    def map(self, stamp: int, scores: NDArray[np.float32]) -> None: ...

    def overlay(self, stamp: int, picture: NDArray[np.uint8]) -> None: ...


class Watch:
    """
    Subscriptions of an observer's node.

    Frames are known by their CameraInfo, which is small; `look` takes the images themselves
    where there is none.

    :param pictures: have the inspector make maps and overlays
    """

    def __init__(self, observer: Observer, inspector: str, sink: Sink, pictures: bool) -> None:
        self._observer = observer
        self._sink = sink
        self._infos: dict[Modality, Subscription] = {
            m: self._frames_of(m, CameraInfo, f'{m}/camera_info') for m in MODALITIES}
        self._subscribe(String, 'truth/label', lambda m: sink.label(m.data), SMALL)
        self._subscribe(Image, 'truth/mask', partial(self._view, sink.mask, np.uint8, 1), LARGE)
        if pictures:
            self._subscribe(Image, f'{inspector}/anomaly_map',
                            partial(self._view, sink.map, np.float32, 1), LARGE)
            self._subscribe(Image, f'{inspector}/overlay',
                            partial(self._view, sink.overlay, np.uint8, 3), LARGE)

    def look(self) -> None:
        """
        Take the images where somebody listens to them and nobody publishes their CameraInfo.

        Not before: a player that waits for a listener must not take this one for the inspector.
        """
        for modality, infos in list(self._infos.items()):
            if infos.get_publisher_count():
                continue
            for topic, kind in self._topics(modality).items():
                node = self._observer.node
                if node.count_publishers(topic) and node.count_subscribers(topic):
                    node.destroy_subscription(self._infos.pop(modality))
                    self._frames_of(modality, kind, topic)
                    break

    def _topics(self, modality: Modality) -> dict[str, type]:
        name = self._observer.node.resolve_topic_name
        images = {name(f'{modality}/image') + end: kind for end, kind in IMAGES[modality].items()}
        return {**images, **({name('points'): PointCloud2} if modality == 'depth' else {})}

    def _frames_of(self, modality: Modality, kind: type, topic: str) -> Subscription:
        qos = QoSProfile(depth=SMALL if kind is CameraInfo else LARGE,
                         reliability=ReliabilityPolicy.BEST_EFFORT)
        return self._observer.node.create_subscription(
            kind, topic, partial(self._take_frame, modality), qos, raw=True)

    def _take_frame(self, modality: Modality, data: bytes) -> None:
        try:
            self._sink.frame(modality, stamp_of(data))
        except ValueError:
            self._observer.unreadable[modality] += 1

    def _subscribe(self, kind: type, topic: str, take: Callable[[Any], None],
                   depth: int) -> None:
        self._observer.node.create_subscription(kind, topic, take, QoSProfile(depth=depth))

    def _view(self, take: Callable[[int, NDArray[Any]], None], dtype: type, channels: int,
              message: Image) -> None:
        try:
            take(nanoseconds(message.header.stamp), image_view(message, dtype, channels))
        except MessageError:
            self._observer.unreadable['images'] += 1
