"""Image messages to arrays and back. Messages are duck-typed: nothing here imports ROS."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing import compressed
from dcmd_ros.sensing.colour import CONVERSIONS, WIDE, to_rgb
from dcmd_ros.sensing.depth import METRES, MILLIMETRES, from_metres, to_metres
from dcmd_ros.sensing.message import MessageError, as_payload, check_sides, image_view, one_line

__all__ = ['MessageError', 'decode_colour', 'decode_depth', 'fill_depth', 'fill_image']

# Encodings that we write: element type, channels.
WRITTEN: dict[str, tuple[type, int]] = {
    'rgb8': (np.uint8, 3), 'bgr8': (np.uint8, 3), 'mono8': (np.uint8, 1),
    '16UC1': (np.uint16, 1), '32FC1': (np.float32, 1),
}


def decode_colour(msg: Any) -> NDArray[np.uint8]:
    """
    Read an Image or CompressedImage as (H, W, 3) uint8 RGB.

    rgb8 is not copied: the result may share memory with the message, do not write into it.
    Sixteen-bit encodings are scaled to eight; encodings outside our table go through cv_bridge
    where it is installed.

    :raises MessageError: `encoding`, `size`, `step` or `data`; nothing else.
    """
    if hasattr(msg, 'format'):
        return compressed.decode_colour(msg)
    encoding = msg.encoding
    if encoding in ('16UC1', METRES):
        raise MessageError(
            f'{encoding} on the colour topic is a depth image: '
            'remap rgb/image to the colour camera', cause='encoding')
    if encoding in CONVERSIONS:
        return to_rgb(image_view(msg, np.uint8, CONVERSIONS[encoding][0]), encoding)
    if encoding in WIDE:
        channels = CONVERSIONS[WIDE[encoding]][0]
        return to_rgb(image_view(msg, np.uint16, channels), encoding)
    return _through_cv_bridge(msg)


def decode_depth(msg: Any) -> NDArray[np.float32]:
    """
    Read an Image or CompressedImage as (H, W) float32 metres, 0 where missing (REP 118).

    16UC1 and mono16 hold millimetres, 32FC1 metres. Where no value has to change, 32FC1 is not
    copied: the result may share memory with the message, do not write into it.

    :raises MessageError: `encoding`, `size`, `step` or `data`; nothing else.
    """
    if hasattr(msg, 'format'):
        return compressed.decode_depth(msg)
    if msg.encoding in MILLIMETRES:
        return to_metres(image_view(msg, np.uint16, 1))
    if msg.encoding == METRES:
        return to_metres(image_view(msg, np.float32, 1))
    raise MessageError(
        f'{msg.encoding!r} on the depth topic is not a depth encoding '
        '(REP 118: 16UC1 or 32FC1): remap depth/image, or set the '
        'driver to one of these', cause='encoding')


def fill_image(msg: Any, array: NDArray[Any], encoding: str) -> None:
    """
    Write an array that already is what the encoding says; the header stays as it is.

    rgb8, bgr8: (H, W, 3) uint8; mono8: (H, W) uint8; 16UC1: (H, W) uint16;
    32FC1: (H, W) float32, NaN kept.

    :raises MessageError: `encoding` for other encodings, or an array that is not of this one.
    """
    if encoding not in WRITTEN:
        raise MessageError(
            f'cannot write {encoding!r}: use one of {sorted(WRITTEN)}', cause='encoding')
    dtype, channels = WRITTEN[encoding]
    shape = array.shape[:2] if channels == 1 else (*array.shape[:2], channels)
    if array.ndim < 2 or array.shape != shape or array.dtype != dtype:
        raise MessageError(
            f'an array {array.shape} of {array.dtype} is not {encoding}', cause='encoding')
    check_sides(*array.shape[:2])
    msg.height, msg.width = array.shape[:2]
    msg.encoding = encoding
    msg.is_bigendian = 0
    msg.step = array.shape[1] * channels * array.itemsize
    msg.data = as_payload(array)


def fill_depth(msg: Any, depth: NDArray[np.float32], encoding: str = METRES) -> None:
    """
    Write (H, W) float32 metres, 0 = missing, as 32FC1 (missing: NaN) or 16UC1 (millimetres).

    :raises MessageError: `encoding` for any other.
    """
    fill_image(msg, from_metres(depth, encoding), encoding)


@lru_cache(maxsize=1)
def _bridge() -> tuple[Any, str]:
    """cv_bridge's converter, or None and why: its import can fail in many ways, NumPy 2 one."""
    try:
        from cv_bridge import CvBridge
        return CvBridge(), ''
    except Exception as error:
        return None, f'{type(error).__name__}: {one_line(error)}'


def _through_cv_bridge(msg: Any) -> NDArray[np.uint8]:
    check_sides(int(msg.height), int(msg.width))
    bridge, why = _bridge()
    if bridge is None:
        raise MessageError(
            f'colour encoding {msg.encoding!r} needs cv_bridge, which '
            f'cannot be imported ({why}): install it, or set the '
            'driver to rgb8', cause='encoding')
    try:
        image = np.asarray(bridge.imgmsg_to_cv2(msg, desired_encoding='rgb8'))
    except Exception as error:
        raise MessageError(
            f'cv_bridge cannot read colour encoding {msg.encoding!r} '
            f'({one_line(error)}): set the driver to rgb8', cause='encoding') from error
    if image.dtype != np.uint8 or image.shape != (msg.height, msg.width, 3):
        raise MessageError(
            f'cv_bridge makes no RGB of {msg.encoding!r}: set the '
            'driver to rgb8', cause='encoding')
    return image
