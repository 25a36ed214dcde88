"""The cameras' messages out of a bag, as ROS messages, with the faults they are told to have."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

from numpy.typing import NDArray
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import String

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import Choice
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes.source_messages import picture
from dcmd_ros.sensing.codec import MessageError, decode_colour, decode_depth
from dcmd_ros.sensing.faults import SECOND, Emission, FaultInjector, parse_faults

IMAGE, CLOUD = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/PointCloud2'
TYPES = {f'sensor_msgs/msg/{kind.__name__}': kind
         for kind in (Image, CompressedImage, PointCloud2, CameraInfo)}
TYPES['std_msgs/msg/String'] = String
Role = Literal['rgb', 'depth', 'rgb_info', 'depth_info', 'label', 'mask']


@dataclass(frozen=True)
class Sent:
    """
    One message of a bag on its way.

    type         of the message, such as sensor_msgs/msg/Image
    received     the bag's time of it, nanoseconds
    data         CDR
    role         what it is to the inspector, None where it is nothing
    message      the same as an object, None where it has no role
    as_recorded  False where a fault made it anew
    """

    topic: str
    type: str
    received: int
    data: bytes
    role: Role | None = None
    message: Any | None = None
    as_recorded: bool = True


def read(bag: Bag, choice: Choice, tally: Tally, everything: bool = False) -> Iterator[Sent]:
    """
    The messages of the chosen topics in the bag's order; one that ROS cannot read is counted.

    :param everything: those of all other topics too
    """
    roles = role_by_topic(choice)
    topics = [topic.name for topic in bag.topics] if everything else list(roles)
    for record in bag.raw(topics):
        sent = Sent(record.topic, record.type, record.received, record.data,
                    roles.get(record.topic))
        if sent.role is None:
            yield sent
            continue
        try:
            yield replace(sent, message=deserialize_message(sent.data, TYPES[sent.type]))
        except Exception as error:
            tally.trouble(sent.role.split('_')[0], 'unreadable', f'{sent.topic}: {error}')


def role_by_topic(choice: Choice) -> dict[str, Role]:
    roles: tuple[Role, ...] = ('rgb', 'depth', 'rgb_info', 'depth_info', 'label', 'mask')
    return {getattr(choice, role): role for role in roles if getattr(choice, role)}


class FaultyBag:
    """
    Lets faults befall the images of a bag, as nodes/source.py does to a live camera.

    A compressed topic that has faults becomes a raw one.

    withheld  images that a fault swallowed, by sensor

    :param text: as the contract has it; times count from the first image, in the bag's time
    """

    def __init__(self, text: str, seed: int = 0) -> None:
        faults = parse_faults(text)
        self._sensors = {fault.sensor for fault in faults}
        self._injector = FaultInjector(faults, seed)
        self._begin: int | None = None
        self._late: list[tuple[int, int, Sent]] = []
        self._order = count()
        self.withheld: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)

    def apply(self, messages: Iterable[Sent]) -> Iterator[Sent]:
        """:raises DcmdError: a fault is to befall a point cloud"""
        for sent in messages:
            yield from self._due(sent.received)
            if sent.role in ('rgb', 'depth') and self._begin is None:
                self._begin = sent.received
            if sent.role in self._sensors:
                yield from self._befall(sent, sent.role)
            else:
                yield sent
        yield from self._due(None)

    def _due(self, now: int | None) -> Iterator[Sent]:
        while self._late and (now is None or self._late[0][0] <= now):
            yield heapq.heappop(self._late)[2]

    def _befall(self, sent: Sent, sensor: Modality) -> Iterator[Sent]:
        image = decode(sent, sensor)
        if image is None:  # what cannot be read is passed on: the inspector names it
            yield sent
            return
        assert self._begin is not None
        emission = self._injector.apply(
            sensor, (sent.received - self._begin) / SECOND, image, stamp_of(sent))
        if emission is None:
            self.withheld[sensor] += 1
        elif emission.delay:
            late = again(sent, sensor, emission)
            heapq.heappush(self._late, (late.received, next(self._order), late))
        else:
            yield again(sent, sensor, emission)


def again(sent: Sent, sensor: Modality, emission: Emission) -> Sent:
    """The message with another picture, as a raw one of the same frame."""
    message = picture(sensor, emission, '32FC1')
    message.header.frame_id = sent.message.header.frame_id  # type: ignore[union-attr]
    topic = sent.topic.removesuffix('/compressed').removesuffix('/compressedDepth')
    return Sent(topic, IMAGE, sent.received + emission.delay, serialize_message(message),
                sent.role, message, as_recorded=False)


def stamp_of(sent: Sent) -> int:
    return nanoseconds(sent.message.header.stamp)  # type: ignore[union-attr]


def decode(sent: Sent, sensor: Modality) -> NDArray[Any] | None:
    """The picture in a message, None where it cannot be read."""
    if isinstance(sent.message, PointCloud2):
        raise DcmdError(f'{sent.topic} is a point cloud; --fault needs a depth image')
    try:
        return decode_colour(sent.message) if sensor == 'rgb' else decode_depth(sent.message)
    except MessageError:
        return None
