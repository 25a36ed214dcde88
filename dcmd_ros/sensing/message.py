"""A ROS message as sensing sees it: plain attributes, bytes, and what can be wrong with them."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from dcmd_ros.errors import DcmdError

MAX_SIDE = 16384


class MessageError(DcmdError):
    """
    A message that cannot be what it claims.

    `cause` is a short snake_case token, the name under which the message is counted:
    `encoding`, `size`, `step`, `data` for images, `cloud` for point clouds,
    `frames`, `calibration`, `distortion`, `roi` for the calibration.
    """

    def __init__(self, text: str, cause: str = 'message') -> None:
        super().__init__(text)
        self.cause = cause


def one_line(error: Exception) -> str:
    """An error's text without line breaks."""
    return ' '.join(str(error).split())


def payload(msg: Any) -> NDArray[np.uint8]:
    """
    The bytes of `msg.data` without a copy: do not write into them.

    :raises MessageError: `data` where it is no buffer.
    """
    try:
        return np.frombuffer(msg.data, np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        raise MessageError(
            f'the message holds no bytes: {one_line(error)}', cause='data') from error


def as_payload(*parts: bytes | NDArray[Any]) -> array[int]:
    """Bytes for `msg.data`: rclpy takes an array.array('B') as it is, all else item by item."""
    data = array('B')
    for part in parts:
        data.frombytes(part if isinstance(part, bytes)
                       else np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return data


def check_sides(height: int, width: int) -> None:
    """
    Refuse an image that is empty or larger than any camera's.

    :raises MessageError: `size`.
    """
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise MessageError(
            f'an image of {width}x{height} pixels is impossible '
            f'(1 to {MAX_SIDE} each): check the driver', cause='size')


def image_view(msg: Any, dtype: DTypeLike, channels: int) -> NDArray[Any]:
    """
    The pixels of an Image message, (H, W) or (H, W, channels), in native byte order.

    Row padding (`step`) is skipped by strides, so nothing is copied unless the bytes have to
    be swapped or realigned.

    :raises MessageError: `size`, `step` or `data` where the message contradicts itself.
    """
    height, width, step = int(msg.height), int(msg.width), int(msg.step)
    check_sides(height, width)
    item = np.dtype(dtype).newbyteorder('>' if msg.is_bigendian else '<')
    pixel = channels * item.itemsize
    name = f'image {width}x{height} {msg.encoding!r}'
    if step < width * pixel:
        raise MessageError(
            f'{name}: step is {step} bytes, a row needs {width * pixel}: '
            'the driver fills the message wrongly', cause='step')
    data = payload(msg)
    if data.size != step * height:
        raise MessageError(
            f'{name}: {data.size} bytes of data, step x height is '
            f'{step * height}: the driver fills the message wrongly', cause='data')
    dimensions = 2 if channels == 1 else 3
    view: NDArray[Any] = np.ndarray((height, width, channels)[:dimensions], item, data,
                                    strides=(step, pixel, item.itemsize)[:dimensions])
    if view.flags.aligned and view.dtype.isnative:
        return view
    return view.astype(item.newbyteorder('='))
