"""Squares cut out of images, put back, and brought to another size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int]


def crop(image: NDArray, box: Box) -> NDArray:
    """The square of an image; what lies outside of the image is zero."""
    left, top, side = box
    height, width = image.shape[:2]
    inner = image[max(top, 0):max(top + side, 0), max(left, 0):max(left + side, 0)]
    above, before = max(-top, 0), max(-left, 0)
    below, behind = max(top + side - height, 0), max(left + side - width, 0)
    if not (above or before or below or behind):
        return inner
    return np.pad(inner, ((above, below), (before, behind)) + ((0, 0),) * (image.ndim - 2))


def resized(image: NDArray, size: int) -> NDArray:
    """A square image at another size: area average down, linear up, nearest for masks."""
    if image.dtype == bool:
        return cv2.resize(image.astype(np.uint8), (size, size),
                          interpolation=cv2.INTER_NEAREST) > 0
    shrinks = size < image.shape[0]
    return cv2.resize(image, (size, size),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def placed(image: NDArray, box: Box, shape: tuple[int, ...]) -> NDArray:
    """The inverse of `crop`: a square (side, side) in an image (H, W) of zeros."""
    left, top, side = box
    whole = np.zeros(shape[:2], image.dtype)
    rows = slice(max(top, 0), min(top + side, shape[0]))
    columns = slice(max(left, 0), min(left + side, shape[1]))
    whole[rows, columns] = image[rows.start - top:rows.stop - top,
                                columns.start - left:columns.stop - left]
    return whole
