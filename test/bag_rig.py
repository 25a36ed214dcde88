"""Small bags for the tests, written by others than dcmd_ros.bags: mcap's writer and rosbags'."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mcap.writer import Writer
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as FolderWriter
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
IMAGE, STRING = 'sensor_msgs/msg/Image', 'std_msgs/msg/String'
INFO = 'sensor_msgs/msg/CameraInfo'
RGB, DEPTH, LABEL = '/rgb/image', '/depth/image', '/truth/label'
START, STEP = 1_700_000_000_000_000_000, 33_000_000
SIZE = (16, 12)


class Message(NamedTuple):
    topic: str
    type: str
    received: int
    data: bytes


def made(msgtype: str, **fields: Any) -> Any:
    return STORE.types[msgtype](**fields)


def cdr(message: Any) -> bytes:
    return bytes(STORE.serialize_cdr(message, message.__msgtype__))


def header(stamp: int, frame: str = 'camera') -> Any:
    time = made('builtin_interfaces/msg/Time', sec=stamp // 10**9, nanosec=stamp % 10**9)
    return made('std_msgs/msg/Header', stamp=time, frame_id=frame)


def image(stamp: int, encoding: str = 'rgb8', size: tuple[int, int] = SIZE) -> Any:
    """An image of noise, another one for each stamp."""
    width, height = size
    step = width * {'rgb8': 3, '16UC1': 2}[encoding]
    noise = np.random.default_rng(stamp).integers(0, 255, step * height, dtype=np.uint8)
    return made(IMAGE, header=header(stamp), height=height, width=width, encoding=encoding,
                is_bigendian=0, step=step, data=noise)


def info(stamp: int, size: tuple[int, int] = SIZE) -> Any:
    width, height = size
    k = np.array([20.0, 0, width / 2, 0, 20, height / 2, 0, 0, 1])
    roi = made('sensor_msgs/msg/RegionOfInterest', x_offset=0, y_offset=0, height=0, width=0,
               do_rectify=False)
    return made(INFO, header=header(stamp), height=height, width=width,
                distortion_model='plumb_bob', d=np.zeros(5), k=k, r=np.eye(3).ravel(),
                p=np.insert(k, [3, 6, 9], 0.0), binning_x=0, binning_y=0, roi=roi)


def message(topic: str, received: int, content: Any) -> Message:
    return Message(topic, content.__msgtype__, received, cdr(content))


def frames(count: int, size: tuple[int, int] = SIZE, first: int = 0) -> list[Message]:
    """A camera: of each frame RGB, then depth 1 ms later, then the label 1 ms after that."""
    found = []
    for index in range(first, first + count):
        at = START + index * STEP
        found += [message(RGB, at, image(at, size=size)),
                  message(DEPTH, at + 10**6, image(at, '16UC1', size)),
                  message(LABEL, at + 2 * 10**6, made(STRING, data=f'part {index}'))]
    return found


def write_mcap(path: Path, messages: Iterable[Message], per_chunk: int = 6,
               profile: str = 'ros2', encoding: str = 'cdr', definitions: bool = True,
               summary: bool = True, **options: Any) -> Path:
    """An mcap file with so many messages a chunk; without a summary it ends as one does."""
    with path.open('wb') as file:
        parts = ('repeat_schemas', 'repeat_channels', 'use_statistics', 'use_summary_offsets')
        writer = Writer(file, chunk_size=1 << 40, **{**dict.fromkeys(parts, summary), **options})
        writer.start(profile)
        channels: dict[str, int] = {}
        for number, (topic, msgtype, received, data) in enumerate(messages):
            if topic not in channels:
                text = (STORE.generate_msgdef(msgtype, ros_version=2)[0] if definitions
                        and msgtype in STORE.fielddefs else '')
                schema = writer.register_schema(msgtype, 'ros2msg' if text else '', text.encode())
                channels[topic] = writer.register_channel(topic, encoding, schema)
            writer.add_message(channels[topic], received, data, received)
            if (number + 1) % per_chunk == 0:
                writer.flush()
        writer.finish()
    return path


def write_folder(folder: Path, messages: Iterable[Message], sqlite: bool = True,
                 version: int = 9) -> Path:
    """A rosbag2 folder by rosbags; one of sqlite3 holds definitions."""
    plugin = StoragePlugin.SQLITE3 if sqlite else StoragePlugin.MCAP
    with FolderWriter(folder, version=version, storage_plugin=plugin) as writer:
        connections: dict[str, Any] = {}
        for topic, msgtype, received, data in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, msgtype, typestore=STORE)
            writer.write(connections[topic], received, data)
    return folder


def got(bag: Any, topics: Iterable[str] = (RGB, DEPTH, LABEL)) -> list[tuple[str, int, bytes]]:
    """What comes out of the bag."""
    present = {topic.name for topic in bag.topics}
    return [(record.topic, record.received, record.data)
            for record in bag.raw([topic for topic in topics if topic in present])]


def put(messages: Iterable[Message]) -> list[tuple[str, int, bytes]]:
    """The same of what went in."""
    return [(each.topic, each.received, each.data) for each in messages]
