"""PointCloud2 messages to arrays and back. Messages are duck-typed: nothing here imports ROS."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.message import MessageError, as_payload, check_sides, payload

FLOAT32, FLOAT64 = 7, 8  # sensor_msgs/PointField
TYPES: dict[int, str] = {FLOAT32: 'f4', FLOAT64: 'f8'}
WRITTEN = ('x', 'y', 'z', 'rgb', 'intensity')
NO_COLOUR = 128


@dataclass(frozen=True)
class Cloud:
    """
    The points of a PointCloud2 in its own frame, metres, (0, 0, 0) where missing.

    points      (H, W, 3) float32 where organised (a pixel grid), else (N, 3), N possibly 0
    organised   whether the message had height > 1
    """

    points: NDArray[np.float32]
    organised: bool


def decode_cloud(msg: Any) -> Cloud:
    """
    Read x, y, z of a PointCloud2, wherever they lie in a point, float32 or float64.

    A point with any coordinate that is not finite is missing.

    :raises MessageError: `cloud` without usable x, y, z; `size`, `step` or `data` where the
        message contradicts itself; nothing else.
    """
    height, width, point_step = int(msg.height), int(msg.width), int(msg.point_step)
    columns = [_column(msg, name, point_step) for name in 'xyz']
    data = _checked(msg, height, width, point_step)
    points = np.empty((height, width, 3), np.float32)
    with np.errstate(over='ignore', invalid='ignore'):
        for axis, (offset, item) in enumerate(columns):
            if points.size:
                points[..., axis] = np.ndarray((height, width), item, data, offset,
                                               (int(msg.row_step), point_step))
        finite = np.isfinite(points[..., 0] + points[..., 1] + points[..., 2])
    if not finite.all():
        points[~finite] = 0
    return Cloud(points, True) if height > 1 else Cloud(points.reshape(-1, 3), False)


def fill_cloud(msg: Any, xyz: NDArray[np.float32], rgb: NDArray[np.uint8] | None,
               intensity: NDArray[np.float32], dense: bool = False,
               field_type: Callable[..., Any] | None = None) -> None:
    """
    Write x, y, z, rgb (packed 0x00RRGGBB), intensity as float32; the header stays as it is.

    xyz (H, W, 3) metres, missing where z is 0; rgb (H, W, 3) uint8 or None (grey);
    intensity (H, W), NaN kept. Missing points become NaN in an organised cloud, or are left
    out of an unorganised one where `dense` is asked. `field_type` makes a PointField; by
    default it is the one beside the message's own class.
    """
    points = np.empty((*xyz.shape[:2], len(WRITTEN)), np.float32)
    missing = xyz[..., 2] == 0
    points[..., :3] = xyz
    points[..., 3] = _packed(rgb, missing.shape)
    points[..., 4] = intensity
    if dense:
        points = points[~missing][np.newaxis]
    else:
        points[missing, :3] = np.nan
    make = field_type or _point_field(msg)
    msg.height, msg.width = points.shape[:2]
    msg.fields = [make(name=name, offset=4 * i, datatype=FLOAT32, count=1)
                  for i, name in enumerate(WRITTEN)]
    msg.is_bigendian = False
    msg.point_step = 4 * len(WRITTEN)
    msg.row_step = msg.point_step * msg.width
    msg.is_dense = dense or not missing.any()
    msg.data = as_payload(points)


def _column(msg: Any, name: str, point_step: int) -> tuple[int, np.dtype[Any]]:
    field = next((f for f in msg.fields if f.name == name), None)
    if field is None:
        names = ', '.join(f.name for f in msg.fields) or 'none'
        raise MessageError(
            f'the point cloud has no field {name!r} (it has: {names}): '
            'x, y and z are needed', cause='cloud')
    if field.datatype not in TYPES:
        raise MessageError(
            f'field {name!r} of the point cloud has datatype '
            f'{field.datatype}: float32 (7) or float64 (8) is needed', cause='cloud')
    item = np.dtype(TYPES[field.datatype]).newbyteorder('>' if msg.is_bigendian else '<')
    if field.offset + item.itemsize > point_step:
        raise MessageError(
            f'field {name!r} at byte {field.offset} lies outside the '
            f'{point_step} bytes of a point: check the driver', cause='cloud')
    return int(field.offset), item


def _checked(msg: Any, height: int, width: int, point_step: int) -> NDArray[np.uint8]:
    if height > 1:
        check_sides(height, width)
    if msg.row_step < width * point_step:
        raise MessageError(
            f'point cloud {width}x{height}: row_step is {msg.row_step} '
            f'bytes, a row needs {width * point_step}: check the driver', cause='step')
    data = payload(msg)
    if data.size != msg.row_step * height:
        raise MessageError(
            f'point cloud {width}x{height}: {data.size} bytes of data, '
            f'row_step x height is {msg.row_step * height}: '
            'check the driver', cause='data')
    return data


def _packed(rgb: NDArray[np.uint8] | None, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if rgb is None:
        rgb = np.full((*shape, 3), NO_COLOUR, np.uint8)
    packed = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGRA)
    packed[..., 3] = 0
    return packed.view(np.float32)[..., 0]


def _point_field(msg: Any) -> Callable[..., Any]:
    package = type(msg).__module__.rpartition('.')[0]
    make: Callable[..., Any] = sys.modules[package].PointField
    return make
