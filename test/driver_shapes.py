"""
Messages as the cameras' drivers publish them: names, types, QoS, encodings, frames, distortion.

Written from the drivers' sources, not from config/cameras, which names them: the tests hold the
two against each other.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField

RGB = np.array([200, 120, 40], np.uint8)  # of the picture; no two channels alike
NEAR, FAR, HOLE = 0.500, 0.625, (slice(40, 44), slice(20, 30))  # metres; rows, columns
QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE,
                 durability=DurabilityPolicy.VOLATILE)
CHANNELS = {'rgb8': [0, 1, 2], 'bgra8': [2, 1, 0, 3], 'rgba8': [0, 1, 2, 3]}
NOISE = np.random.default_rng(3)


@dataclass(frozen=True)
class Shape:
    """
    One driver, started with the flags that config/cameras names.

    rgb, rgb_info, depth, depth_info  full names of topics, {} for the camera's name
    name      what the driver calls the camera by default
    frame_id  of all messages, {} likewise
    size      height, width
    depth_encoding  of an Image, or `xyzw`: a cloud of 16 bytes a point
    """

    rgb: str
    rgb_info: str
    depth: str
    depth_info: str
    frame_id: str
    size: tuple[int, int]
    encoding: str
    depth_encoding: str
    distortion_model: str
    d: tuple[float, ...]
    name: str = 'camera'

    def kinds(self) -> dict[str, type]:
        """Message type by topic."""
        cloud = self.depth_encoding == 'xyzw'
        return {topic.format(self.name): kind for topic, kind in (
            (self.rgb, Image), (self.rgb_info, CameraInfo),
            (self.depth, PointCloud2 if cloud else Image), (self.depth_info, CameraInfo))}

    def messages(self, stamp: int) -> dict[str, Any]:
        """One frame, or shot: by topic, in the order in which they are sent."""
        make_depth = self._cloud if self.depth_encoding == 'xyzw' else self._depth
        made = {self.depth: make_depth(), self.depth_info: self._info(),
                self.rgb_info: self._info(), self.rgb: self._colour()}
        for message in made.values():
            message.header.frame_id = self.frame_id.format(self.name)
            message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
        return {topic.format(self.name): message for topic, message in made.items()}

    def _colour(self) -> Image:
        picture = np.empty((*self.size, 4), np.uint8)
        picture[..., :3], picture[..., 3] = RGB, 255
        picture[0] = NOISE.integers(50, 90, picture[0].shape, np.uint8)
        return self._image(picture[..., CHANNELS[self.encoding]], self.encoding)

    def _depth(self) -> Image:
        metres = self._distance()
        if self.depth_encoding == '16UC1':
            return self._image(np.rint(1000 * metres).astype(np.uint16), '16UC1')
        metres[HOLE] = np.nan
        metres[HOLE][0] = np.inf
        return self._image(metres, '32FC1')

    def _distance(self) -> NDArray[np.float32]:
        metres = np.full(self.size, FAR, np.float32)
        metres[self.size[0] // 2:] = NEAR
        metres[0] = NOISE.uniform(NEAR, FAR, self.size[1])
        metres[HOLE] = 0
        return metres

    def _image(self, array_: NDArray[Any], encoding: str) -> Image:
        return Image(
            height=self.size[0], width=self.size[1], encoding=encoding, is_bigendian=0,
            step=array_.nbytes // self.size[0], data=array('B', array_.tobytes()))

    def _cloud(self) -> PointCloud2:
        z = self._distance()
        z[HOLE] = np.nan
        rows, columns = np.indices(self.size, np.float32)
        focal, cx, cy = self._pinhole()
        points = np.stack([(columns - cx) / focal * z, (rows - cy) / focal * z, z,
                           np.ones_like(z)], axis=-1)
        return PointCloud2(
            height=self.size[0], width=self.size[1], is_bigendian=False, is_dense=False,
            fields=[PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
                    for i, name in enumerate('xyz')],
            point_step=16, row_step=16 * self.size[1], data=array('B', points.tobytes()))

    def _info(self) -> CameraInfo:
        focal, cx, cy = self._pinhole()
        return CameraInfo(
            height=self.size[0], width=self.size[1], distortion_model=self.distortion_model,
            d=self.d, k=[focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0],
            r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            p=[focal, 0.0, cx, 0.0, 0.0, focal, cy, 0.0, 0.0, 0.0, 1.0, 0.0])

    def _pinhole(self) -> tuple[float, float, float]:
        return 0.95 * self.size[1], self.size[1] / 2 + 3.25, self.size[0] / 2 - 2.5


SHAPES = {
    'realsense': Shape(
        '/camera/{}/color/image_raw', '/camera/{}/color/camera_info',
        '/camera/{}/aligned_depth_to_color/image_raw',
        '/camera/{}/aligned_depth_to_color/camera_info', '{}_color_optical_frame',
        (480, 640), 'rgb8', '16UC1', 'plumb_bob', (-0.055, 0.066, -0.0007, 0.0004, -0.021)),
    'orbbec': Shape(
        '/{}/color/image_raw', '/{}/color/camera_info', '/{}/depth/image_raw',
        '/{}/depth/camera_info', '{}_color_optical_frame', (720, 1280), 'rgb8', '16UC1',
        'plumb_bob', (-0.031, 0.032, 0.0002, -0.0003, -0.011, 0.0, 0.0, 0.0)),
    'femto': Shape(
        '/{}/color/image_raw', '/{}/color/camera_info', '/{}/depth/image_raw',
        '/{}/depth/camera_info', '{}_color_optical_frame', (720, 1280), 'rgb8', '16UC1',
        'plumb_bob', (0.079, -0.108, -0.0002, -0.0001, 0.046, 0.002, -0.013, 0.004)),
    'zed': Shape(
        '/{}/zed_node/rgb/color/rect/image', '/{}/zed_node/rgb/color/rect/camera_info',
        '/{}/zed_node/depth/depth_registered', '/{}/zed_node/depth/camera_info',
        '{}_left_camera_frame_optical', (720, 1280), 'bgra8', '32FC1',
        'rational_polynomial', (0.0,) * 8, 'zed'),
    'zivid': Shape(
        '/color/image_color', '/color/camera_info', '/points/xyz', '/depth/camera_info',
        'zivid_optical_frame', (1200, 1944), 'rgba8', 'xyzw', 'plumb_bob',
        (-0.092, 0.112, 0.0001, -0.0004, -0.017), ''),
}


class FakeDriver:
    """Publishes a shape's messages on its topics, from a node that is there already."""

    def __init__(self, node: Node, shape: Shape) -> None:
        self._shape = shape
        self._publishers: dict[str, Publisher] = {
            topic: node.create_publisher(kind, topic, QOS)
            for topic, kind in shape.kinds().items()}

    @property
    def is_heard(self) -> bool:
        """Whether each topic has a listener."""
        return all(p.get_subscription_count() for p in self._publishers.values())

    def publish(self, stamp: int) -> None:
        for topic, message in self._shape.messages(stamp).items():
            self._publishers[topic].publish(message)


def called(shape: Shape, name: str, size: tuple[int, int]) -> Shape:
    """The same driver started under another name, with smaller images."""
    return replace(shape, name=name, size=size)
