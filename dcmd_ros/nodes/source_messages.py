"""The messages of an RGB-D source."""

from __future__ import annotations

import json

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String

from dcmd_ros.frame import Intrinsics, Modality
from dcmd_ros.sensing.codec import fill_depth, fill_image
from dcmd_ros.sensing.faults import SECOND, Emission
from dcmd_ros.stream.stamps import seconds

FRAME_ID = 'camera_color_optical_frame'


def header(stamp: int) -> Header:
    """Stamped in nanoseconds, in the optical frame that both sensors share."""
    sec, nanosec = divmod(stamp, SECOND)
    return Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=FRAME_ID)


def picture(sensor: Modality, emission: Emission, depth_encoding: str) -> Image:
    """rgb8, or depth as 32FC1 metres or 16UC1 millimetres; with its message-level faults."""
    message = Image(header=header(emission.stamp))
    if sensor == 'rgb':
        fill_image(message, emission.image, 'rgb8')
    else:
        fill_depth(message, emission.image, depth_encoding)
    emission.spoil(message)
    return message


def camera_info(emission: Emission, camera: Intrinsics) -> CameraInfo:
    """An undistorted camera, scaled where the image is not of its size."""
    height, width = emission.image.shape[:2]
    x, y = width / camera.width, height / camera.height
    fx, fy = camera.fx * x, camera.fy * y
    cx, cy = (camera.cx + 0.5) * x - 0.5, (camera.cy + 0.5) * y - 0.5
    return CameraInfo(
        header=header(emission.stamp), width=width, height=height,
        distortion_model='plumb_bob', d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0])


def truth_mask(truth: NDArray[np.bool_], stamp: int) -> Image:
    """mono8, 255 where defective."""
    message = Image(header=header(stamp))
    fill_image(message, truth.astype(np.uint8) * np.uint8(255), 'mono8')
    return message


def truth_label(label: str, file: str, stamp: int) -> String:
    """JSON; `stamp` reads as the inspection's key of that name."""
    return String(data=json.dumps({'stamp': seconds(stamp), 'file': file, 'label': label}))
