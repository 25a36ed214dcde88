"""Whether colour and depth see the part in the same place."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]

_STEADY = 1e-3  # of its trace, added to the normal equations: an outline may run one way only
_KNOWN = 0.5    # share of a cell's surroundings that must be known


def placement(colour: Mask, depth: Mask, known: Mask, cells: int) -> dict[str, float]:
    """
    What two masks of the part show unlike each other, where depth's is known.

    disagreement   what they do not share of what they cover together, 0 to 1
    across, down   cells by which colour's lies right of and below depth's, linearised

    :param cells: on each side, of the grid on which colour's is accurate
    """
    colour, depth = colour & known, depth & known
    together = np.count_nonzero(colour | depth) or 1
    across, down = _offset(*_on((colour, depth, known), cells))
    return {'disagreement': float(np.count_nonzero(colour ^ depth) / together),
            'across': across, 'down': down}


def _on(masks: Sequence[Mask], cells: int) -> Sequence[Image]:
    image = cv2.merge([mask.view(np.uint8) for mask in masks]).astype(np.float32)
    small = cv2.resize(image, (cells, cells), interpolation=cv2.INTER_AREA)
    return [np.asarray(each, np.float32)
            for each in cv2.split(cv2.GaussianBlur(small, (0, 0), 1.0))]


def _offset(colour: Image, depth: Image, known: Image) -> tuple[float, float]:
    """
    Least squares of depth's outline shifted to colour's, one step (Lucas and Kanade 1981).

    What is unknown is left out of both alike, so that holes in depth do not move it.
    """
    share = np.maximum(known, 1e-3)
    weight = known * (known > _KNOWN)
    middle = (colour + depth) / (2 * share)
    slopes = [cv2.Sobel(middle, cv2.CV_32F, *along, ksize=3) / 8 for along in ((1, 0), (0, 1))]
    apart = (depth - colour) / share
    matrix = np.array([[(weight * a * b).sum() for b in slopes] for a in slopes], np.float64)
    right = np.array([(weight * a * apart).sum() for a in slopes], np.float64)
    matrix += np.eye(2) * (_STEADY * np.trace(matrix) + 1e-6)
    across, down = np.linalg.solve(matrix, right)
    return float(across), float(down)
