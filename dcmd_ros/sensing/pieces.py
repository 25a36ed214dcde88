"""The pieces of a mask."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Window = tuple[slice, slice]


def around(mask: Mask, reach: int = 0) -> Window:
    """Rows and columns of the box around what is set (H, W), and `reach` pixels further."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return (slice(max(top - reach, 0), top + height + reach),
            slice(max(left - reach, 0), left + width + reach))


class Pieces:
    """
    The connected pieces of a mask (H, W), diagonal neighbours included.

    area        (N,) pixels
    begin, end  (N, 2) first row and column, and those after the last
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        count, self._labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
        stats = _of_one(mask) if count == 2 else _of_several(mask)
        self.area = stats[:, cv2.CC_STAT_AREA]
        self.begin = stats[:, [cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT]]
        self.end = self.begin + stats[:, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]]

    def kept(self, which: Mask) -> Mask:
        """The mask (H, W) of some of the pieces, which is (N,)."""
        if which.all():
            return self._mask
        return np.append(False, which)[self._labels]


def _of_one(mask: Mask) -> NDArray[np.int32]:
    """What OpenCV counts of all pieces, in a fifth of the time."""
    image = mask.view(np.uint8)
    return np.array([[*cv2.boundingRect(image), cv2.countNonZero(image)]], np.int32)


def _of_several(mask: Mask) -> NDArray[np.int32]:
    stats = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)[2]
    return np.asarray(stats[1:], np.int32)
