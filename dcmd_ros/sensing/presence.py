"""Whether the part is there, and wholly in view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcmd_ros.inspection import Presence
from dcmd_ros.sensing.pieces import Mask, Pieces

Span = tuple[int, int]

ABSENT = 0.15  # of the usual part; less is none
WHOLE = 0.75   # of the usual part, which must stand free beside what is cut off


@dataclass(frozen=True)
class Limits:
    """
    The rows and columns of a mask within which a piece is wholly in view, ends excluded.

    A piece that goes beyond them is cut off there, or about to be.
    """

    rows: Span
    columns: Span


def whole_pieces(mask: Mask, limits: Limits, usual: float) -> tuple[Mask, Presence]:
    """
    The pieces of the part (H, W) that are wholly in view; nothing unless these are a part.

    A neighbour that looks into the view is left out of a part that is whole. A part that broke is
    still one: only what is cut off at the limits makes a part incomplete.

    :param usual: the part's usual area in pixels
    """
    pieces = Pieces(mask)
    low, high = np.array((limits.rows, limits.columns)).T
    free = (pieces.begin >= low).all(axis=1) & (pieces.end <= high).all(axis=1)
    if pieces.area[free].sum() >= (ABSENT if free.all() else WHOLE) * usual:
        return pieces.kept(free), 'whole'
    return np.zeros_like(mask), 'cut' if pieces.area.sum() >= ABSENT * usual else 'absent'


def limits(shape: Span, box: tuple[int, int, int], margin: float,
           roi: tuple[int, int, int, int] | None = None) -> Limits:
    """
    Where in the box a part is wholly in view.

    The box holds all training parts with a margin around them. Where a part comes into that
    margin it stands as none did that the model has seen, and soon the box cuts it off. Where the
    training parts themselves reached the border of the image, nothing is asked of that border.

    :param shape: (height, width) of the image in pixels
    :param box: left, top, side in pixels of the image
    :param margin: in pixels, less what the outline may be out by
    :param roi: x, y, width, height in pixels of the image
    """
    left, top, side = box
    x, y, width, height = roi or (0, 0, shape[1], shape[0])
    return Limits(_span(shape[0], top, side, margin, (y, y + height)),
                  _span(shape[1], left, side, margin, (x, x + width)))


_BORDER = 0.015      # of the box; the outline by colour ends so far before the image does


def _span(size: int, begin: int, side: int, margin: float, roi: Span) -> Span:
    border = round(_BORDER * side)
    low, high = begin + margin, begin + side - margin
    low = 0 if low <= border else low
    high = size if high >= size - border else high
    if roi[0] > 0:
        low = max(low, roi[0] + 1)
    if roi[1] < size:
        high = min(high, roi[1] - 1)
    return int(np.floor(low)) - begin, int(np.ceil(high)) - begin
