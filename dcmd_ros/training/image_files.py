"""Reading the image files of data sets; whatever cannot be read is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError


def read_image(path: Path) -> NDArray[Any]:
    """
    An image file as it is stored, channels in OpenCV's order.

    :raises DcmdError: absent, or no image
    """
    if not path.is_file():
        raise DcmdError(f'{path}: no such file')
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DcmdError(f'{path}: cannot be read as an image; is it damaged?')
    return image


def read_colour(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of a grey, colour or RGBA file of 8 or 16 bits."""
    image = read_image(path)
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.dtype != np.uint8:
        raise DcmdError(f'{path}: a colour image must have 8 or 16 bits, not {image.dtype}')
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), np.uint8)
    code = cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)


def read_steps(path: Path) -> NDArray[np.uint16]:
    """(H, W) uint16 of a 16-bit depth file, in the file's own unit."""
    image = read_image(path)
    if image.ndim == 3:
        image = image[..., 0]
    if image.dtype != np.uint16:
        raise DcmdError(f'{path}: a depth image must have 16 bits, not {image.dtype}')
    return image


def read_points(path: Path) -> NDArray[np.float32]:
    """(H, W, 3) float32 x, y, z of a three-channel float TIFF, (0, 0, 0) where not finite."""
    image = read_image(path)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype not in (np.float32, np.float64):
        raise DcmdError(f'{path}: xyz must be a float TIFF of three channels, not '
                        f'{image.shape} {image.dtype}')
    points = np.ascontiguousarray(image[..., ::-1], np.float32)
    points[~np.isfinite(points).all(axis=2)] = 0
    return points


def read_mask(path: Path) -> NDArray[np.bool_]:
    """(H, W) bool, true where the file is not black."""
    image = read_image(path)
    return np.asarray(image > 0 if image.ndim == 2 else (image[..., :3] > 0).any(axis=2), bool)
