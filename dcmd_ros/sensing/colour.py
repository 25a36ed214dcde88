"""Colour encodings (sensor_msgs/image_encodings.hpp) to RGB."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.message import MessageError

# Encoding -> channels as they lie in memory, OpenCV's conversion to RGB (None: it is RGB).
# OpenCV names a Bayer pattern by its second row and column, ROS by its first: RGGB is 'BG'.
# 8UC1, 8UC3, 8UC4 say nothing of colour; they are what OpenCV programs publish, hence BGR.
CONVERSIONS: dict[str, tuple[int, int | None]] = {
    'rgb8': (3, None),
    'bgr8': (3, cv2.COLOR_BGR2RGB),
    'rgba8': (4, cv2.COLOR_RGBA2RGB),
    'bgra8': (4, cv2.COLOR_BGRA2RGB),
    'mono8': (1, cv2.COLOR_GRAY2RGB),
    '8UC1': (1, cv2.COLOR_GRAY2RGB),
    '8UC3': (3, cv2.COLOR_BGR2RGB),
    '8UC4': (4, cv2.COLOR_BGRA2RGB),
    'bayer_rggb8': (1, cv2.COLOR_BayerBG2RGB),
    'bayer_bggr8': (1, cv2.COLOR_BayerRG2RGB),
    'bayer_gbrg8': (1, cv2.COLOR_BayerGR2RGB),
    'bayer_grbg8': (1, cv2.COLOR_BayerGB2RGB),
    'yuv422': (2, cv2.COLOR_YUV2RGB_UYVY),
    'uyvy': (2, cv2.COLOR_YUV2RGB_UYVY),
    'yuv422_yuy2': (2, cv2.COLOR_YUV2RGB_YUY2),
    'yuyv': (2, cv2.COLOR_YUV2RGB_YUY2),
}
# The same in 16 bits, scaled to 8 by 255 / 65535 first.
WIDE: dict[str, str] = {
    name[:-1] + '16': name for name in CONVERSIONS if name.endswith('8')
}


def to_rgb(image: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    """
    (H, W) or (H, W, C), uint8 or uint16, of an encoding in the tables -> (H, W, 3) uint8 RGB.

    An rgb8 image comes back as it is, not copied.

    :raises MessageError: `size` where the pattern needs pairs of pixels that are not there.
    """
    if image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=255 / 65535)
    encoding = WIDE.get(encoding, encoding)
    code = CONVERSIONS[encoding][1]
    if code is None:
        return image
    height, width = image.shape[:2]
    if encoding.startswith('bayer') and min(height, width) < 3:
        raise MessageError(
            f'{encoding}: {width}x{height} pixels are too few to demosaic', cause='size')
    if encoding.startswith(('yu', 'uy')) and width % 2:
        raise MessageError(
            f'{encoding}: the width {width} is odd, pixels come in pairs', cause='size')
    return np.asarray(cv2.cvtColor(image, code), np.uint8)
