"""Small bags of a camera, written as the project writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.bags.types import serialize, typestore
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.frame import Intrinsics

SECOND = 1_000_000_000
BEGIN = 1000 * SECOND
IMAGE, INFO, TEXT = (f'{name}' for name in (
    'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo', 'std_msgs/msg/String'))


@dataclass(frozen=True)
class Seen:
    """One moment before the camera; None: the sensor or the truth keeps silent."""

    rgb: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    label: str | None = None
    mask: NDArray[np.bool_] | None = None


def made(kind: str, **fields: Any) -> Any:
    return typestore().types[kind](**fields)


def header(stamp: int) -> Any:
    return made('std_msgs/msg/Header', frame_id='camera_color_optical_frame', stamp=made(
        'builtin_interfaces/msg/Time', sec=stamp // SECOND, nanosec=stamp % SECOND))


def image(stamp: int, pixels: NDArray, encoding: str) -> bytes:
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(pixels.shape[0], -1)
    return serialize(made(
        IMAGE, header=header(stamp), height=rows.shape[0], width=pixels.shape[1],
        encoding=encoding, is_bigendian=0, step=rows.shape[1], data=rows.ravel()), IMAGE)


def info(stamp: int, k: Intrinsics) -> bytes:
    matrix = np.array([k.fx, 0, k.cx, 0, k.fy, k.cy, 0, 0, 1], float)
    roi = made('sensor_msgs/msg/RegionOfInterest', x_offset=0, y_offset=0, height=0, width=0,
               do_rectify=False)
    return serialize(made(
        INFO, header=header(stamp), height=k.height, width=k.width,
        distortion_model='plumb_bob', d=np.zeros(5), k=matrix, r=np.eye(3).ravel(),
        p=np.insert(matrix, [3, 6, 9], 0.0), binning_x=0, binning_y=0, roi=roi), INFO)


def write_bag(path: Path, frames: Iterable[Seen], camera: Intrinsics | None = None,
              fps: float = 10.0, depth_lag: float = 0.0, rgb_encoding: str = 'rgb8') -> Path:
    """
    A .mcap of the camera's topics, and of truth/label and truth/mask where it is told.

    :param depth_lag: seconds by which depth's stamps are late
    """
    with BagWriter(path) as bag:
        for number, seen in enumerate(frames):
            stamp = BEGIN + round(number * SECOND / fps)
            late = stamp + round(depth_lag * SECOND)
            if camera is not None:
                bag.write('/rgb/camera_info', INFO, info(stamp, camera), stamp)
            if seen.label is not None:
                text = json.dumps({'stamp': f'{stamp // SECOND}.{stamp % SECOND:09}',
                                   'file': '', 'label': seen.label})
                bag.write('/truth/label', TEXT, serialize(made(TEXT, data=text), TEXT), stamp)
            if seen.mask is not None:
                bag.write('/truth/mask', IMAGE,
                          image(stamp, seen.mask.astype(np.uint8) * 255, 'mono8'), stamp)
            if seen.rgb is not None:
                bag.write('/rgb/image', IMAGE, image(stamp, seen.rgb, rgb_encoding), stamp)
            if seen.depth is not None:
                bag.write('/depth/image', IMAGE, image(late, seen.depth, '32FC1'), late)
    return path
