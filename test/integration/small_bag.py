"""Bags of a few frames, for the live tests of what plays and watches them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from live import camera_info, image, stamped
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.nodes.replayer import ros_name
from dcmd_ros.stream import stamps

BEGIN = 1_700_000_000_000_000_000  # log time of the first message
DELAY = 3_000_000  # ns from a stamp to its log time
APART = 2_000_000  # ns, depth's stamp after RGB's
PERIOD = 50_000_000  # ns
SIZE = 48, 64
Pictures = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_] | None]
NAMES = {'rgb': '/cam/color/image_raw', 'depth': '/cam/depth/image_rect_raw',
         'rgb_info': '/cam/color/camera_info', 'depth_info': '/cam/depth/camera_info',
         'label': '/truth/label', 'mask': '/truth/mask'}


class SmallBag:
    """
    A bag that is written frame by frame; `stamps` are RGB's.

    :param labels: what truth/label says, one a frame; with a mask where it is not `good`
    """

    def __init__(self, path: Path, labels: Sequence[str], size: tuple[int, int] = SIZE,
                 period: int = PERIOD, apart: int = APART) -> None:
        self.path = path
        self.labels = list(labels)
        self.stamps = [BEGIN - DELAY + period * n for n in range(len(labels))]
        self.apart = apart
        self._size = size

    def write(self, pictures: Iterable[Pictures] | None = None,
              truth: bool = True, compressed: bool = False, infos: bool = True,
              info: Any = None) -> SmallBag:
        """
        RGB, depth and truth of each frame; unless pictures are given, frame n is n + 1 grey
        levels bright.

        :param compressed: RGB as PNG
        :param info: makes a CameraInfo of a stamp
        """
        make = info or (lambda stamp: camera_info(stamp, self._size))
        with BagWriter(self.path) as bag:
            for n, (rgb, depth, mask) in enumerate(pictures or self._plain()):
                stamp = self.stamps[n]
                if truth:
                    for role, message in self._truth(n, mask).items():
                        put(bag, role, message, stamp)
                later = stamp + self.apart
                if infos:
                    put(bag, 'rgb_info', make(stamp), stamp)
                    put(bag, 'depth_info', make(later), later)
                put(bag, 'rgb', image(stamp, rgb, 'rgb8'), stamp, compressed)
                put(bag, 'depth', image(later, depth, '32FC1'), later)
        return self

    def _plain(self) -> Iterator[Pictures]:
        for n, label in enumerate(self.labels):
            mask = np.zeros(self._size, bool)
            mask[20:26, 30:36] = label != 'good'
            yield (np.full((*self._size, 3), n + 1, np.uint8),
                   np.full(self._size, 0.5 + n / 100, np.float32), mask)

    def _truth(self, n: int, mask: NDArray[np.bool_] | None) -> dict[str, Any]:
        label, stamp = self.labels[n], self.stamps[n]
        said = {'stamp': stamps.seconds(stamp), 'file': f'{n:03d}', 'label': label}
        found: dict[str, Any] = {'label': String(data=json.dumps(said))}
        if mask is not None:
            found['mask'] = image(stamp, mask.astype(np.uint8) * np.uint8(255), 'mono8')
        return found


def put(bag: BagWriter, role: str, message: Any, stamp: int, compressed: bool = False) -> None:
    if compressed:
        message = squeezed(message, stamp)
    bag.write(NAMES[role] + '/compressed' * compressed, ros_name(type(message)),
              serialize_message(message), stamp + DELAY)


def squeezed(message: Any, stamp: int) -> CompressedImage:
    """The picture as a PNG."""
    pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
    packed = CompressedImage(format='rgb8; png compressed bgr8')
    packed.data = cv2.imencode('.png', pixels[..., ::-1])[1].tobytes()
    return stamped(packed, stamp)
