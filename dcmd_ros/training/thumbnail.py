"""A frame in small: what of it tells one part from the next, and how much of it is noise."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Blocks = NDArray[np.float32]

COLUMNS, ROWS = 32, 24
LEAST_SEEN = 0.5  # of a block's depth
DARK, BRIGHT = 4, 250  # grey levels beyond which an exposure cuts off


class Thumbnail(NamedTuple):
    """
    Means over (ROWS, COLUMNS) blocks of an image.

    grey         levels 0..255, NaN where too dark or too bright to compare
    depth        metres, NaN where mostly missing
    grey_grain   deviation of a block's grey mean by pixel noise alone
    depth_grain  the same of its depth, relative to the distance
    """

    grey: Blocks
    depth: Blocks
    grey_grain: float
    depth_grain: float


def thumbnail(rgb: NDArray[np.uint8], depth: NDArray[np.float32]) -> Thumbnail:
    """Of colour (H, W, 3) and depth (H, W) metres, 0 = missing."""
    grey, between = _means(_quarters(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)))
    share = _quarters((depth > 0).astype(np.float32))
    with np.errstate(invalid='ignore', divide='ignore'):
        metres, apart = _means(_quarters(depth) / share)
    seen = share.min(axis=0) > LEAST_SEEN
    usable = (grey > DARK) & (grey < BRIGHT)
    return Thumbnail(np.where(usable, grey, np.nan).astype(np.float32),
                     np.where(seen, metres, np.nan).astype(np.float32),
                     _deviation(between[usable]), _deviation(apart[seen] / metres[seen]))


def _quarters(image: Blocks) -> Blocks:
    """(4, ROWS, COLUMNS) means of every fourth pixel: even, odd, and the two mixed."""
    return np.stack([cv2.resize(image[top::2, left::2], (COLUMNS, ROWS),
                                interpolation=cv2.INTER_AREA)
                     for top, left in ((0, 0), (1, 1), (0, 1), (1, 0))])


def _means(quarters: Blocks) -> tuple[Blocks, Blocks]:
    """
    The means over blocks, and how much those of the pixels' two diagonal halves differ.

    Both halves have the same scene before them, even where it slopes: they differ by noise.
    """
    one, other = quarters[0] + quarters[1], quarters[2] + quarters[3]
    return (one + other) / 4, (one - other) / 4


def _deviation(values: Blocks) -> float:
    """The deviation by the median, which a few edges do not move; 0 of nothing."""
    return 1.4826 * float(np.median(np.abs(values))) if values.size else 0.0
