"""The messages of an RGB-D source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header, String

from dcmd_ros.frame import Intrinsics, Modality
from dcmd_ros.framing.transforms import matrix
from dcmd_ros.sensing.camera_model import CameraModel
from dcmd_ros.sensing.codec import fill_depth, fill_image
from dcmd_ros.sensing.faults import SECOND, Emission
from dcmd_ros.sensing.geometry import unproject_rays
from dcmd_ros.sensing.message import as_payload
from dcmd_ros.sensing.registration import ray_table
from dcmd_ros.simulation.camera import DEPTH_FRAME_ID, POINTS_TO_RGB
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


def camera_info(emission: Emission, camera: Intrinsics,
                distortion: Sequence[float] = ()) -> CameraInfo:
    """
    The camera, scaled where the image is not of its size.

    :param distortion: k1 k2 p1 p2 k3, empty = none
    """
    k = scaled(camera, emission)
    return CameraInfo(
        header=header(emission.stamp), width=k.width, height=k.height,
        distortion_model='plumb_bob', d=list(distortion) or [0.0] * 5,
        k=[k.fx, 0.0, k.cx, 0.0, k.fy, k.cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[k.fx, 0.0, k.cx, 0.0, 0.0, k.fy, k.cy, 0.0, 0.0, 0.0, 1.0, 0.0])


def scaled(camera: Intrinsics, emission: Emission) -> Intrinsics:
    """The camera for an image of another size with the same field of view."""
    height, width = emission.image.shape[:2]
    x, y = width / camera.width, height / camera.height
    return Intrinsics(width, height, camera.fx * x, camera.fy * y, (camera.cx + 0.5) * x - 0.5,
                      (camera.cy + 0.5) * y - 0.5)


def cloud(emission: Emission, camera: Intrinsics, distortion: Sequence[float] = ()) -> PointCloud2:
    """
    Depth as an organised cloud of x y z float32 in DEPTH_FRAME_ID, NaN where missing.

    The grid is that of the depth image. POINTS_TO_RGB takes the points back to colour's frame.
    """
    model = CameraModel(scaled(camera, emission), 'plumb_bob' if any(distortion) else 'none',
                        tuple(distortion))
    points = unproject_rays(np.asarray(emission.image, np.float32), ray_table(model))
    to_depth = np.linalg.inv(matrix(POINTS_TO_RGB)).astype(np.float32)
    moved = points @ to_depth[:3, :3].T + to_depth[:3, 3]
    moved[points[..., 2] == 0] = np.nan
    height, width = moved.shape[:2]
    message = PointCloud2(
        header=Header(stamp=header(emission.stamp).stamp, frame_id=DEPTH_FRAME_ID), height=height,
        width=width, point_step=12, row_step=12 * width, is_dense=False,
        fields=[PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
                for i, name in enumerate('xyz')])
    message.data = as_payload(moved)
    if 'short' in emission.spoilt or 'step' in emission.spoilt:
        message.data = message.data[:len(message.data) // 2]
    return message


def truth_mask(truth: NDArray[np.bool_], stamp: int) -> Image:
    """mono8, 255 where defective."""
    message = Image(header=header(stamp))
    fill_image(message, truth.astype(np.uint8) * np.uint8(255), 'mono8')
    return message


def truth_label(label: str, file: str, stamp: int,
                about: Mapping[str, object] | None = None) -> String:
    """JSON; `stamp` reads as the inspection's key of that name, `about` adds keys of its own."""
    return String(data=json.dumps(
        {'stamp': seconds(stamp), 'file': file, 'label': label, **(about or {})}))
