"""What an inspector's overlays showed, small, and which frames its camera sent."""

from __future__ import annotations

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from dcmd_ros.frame import MODALITIES
from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.nodes.stamped_bytes import stamp_of
from dcmd_ros.sensing.message import MessageError, image_view
from dcmd_ros.stream.stamps import seconds

HEIGHT = 240  # of the pictures that are kept
QUALITY = 88
FEW, MANY = 5, 1000  # messages kept while this process is busy


class Album:
    """
    Subscriptions of a node, by stamp as `~/inspection` writes it.

    pictures  the overlays as JPEG
    sent      stamps of frames of which a sensor published an image
    """

    def __init__(self, node: Node, inspector: str) -> None:
        self.pictures: dict[str, bytes] = {}
        self.sent: set[str] = set()
        node.create_subscription(Image, f'{inspector}/overlay', self._keep, FEW)
        for sensor in MODALITIES:
            node.create_subscription(
                CameraInfo, f'{sensor}/camera_info', self._note,
                QoSProfile(depth=MANY, reliability=ReliabilityPolicy.BEST_EFFORT), raw=True)

    def _note(self, data: bytes) -> None:
        self.sent.add(seconds(stamp_of(data)))

    def _keep(self, message: Image) -> None:
        try:
            picture = image_view(message, np.uint8, 3)
        except MessageError:
            return
        width = round(message.width * HEIGHT / message.height)
        small = cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA)
        jpeg = cv2.imencode('.jpg', small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
        self.pictures[seconds(nanoseconds(message.header.stamp))] = jpeg.tobytes()
