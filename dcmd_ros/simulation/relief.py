"""First hits of the camera's rays on a height map (relief mapping, Policarpo et al. 2005)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array

LAYER = 0.003  # metres
HALVINGS = 2


def first_hits(height: Array, column: tuple[Array, Array], row: tuple[Array, Array],
               top: float) -> Array:
    """
    Height over the plane, in metres, at which each ray first meets the height map.

    A ray at height z is over texel (column[0] + z column[1], row[0] + z row[1]); outside the map
    the height is 0. Layers from `top` down bracket the first hit, bisection and one secant
    step refine it: exact on planes.
    """
    def surface(z: Array | np.float32) -> Array:
        return cv2.remap(height, column[0] + z * column[1], row[0] + z * row[1],
                         cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)

    layers = max(int(np.ceil(top / LAYER)), 1)
    step = np.float32(top / layers)
    free = np.ones(column[0].shape, bool)
    count = np.zeros(column[0].shape, np.float32)
    for k in range(layers - 1, 0, -1):
        free &= surface(k * step) < k * step
        count += free
    high = (layers - count) * step
    return refine(surface, np.maximum(high - step, 0), high)


def refine(surface: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """The crossing between `low` (at or under the surface) and `high` (free)."""
    under, over = surface(low) - low, surface(high) - high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        gap = surface(middle) - middle
        hit = gap >= 0
        low, high = np.where(hit, middle, low), np.where(hit, high, middle)
        under, over = np.where(hit, gap, under), np.where(hit, over, gap)
    span = np.maximum(under - over, np.float32(1e-9))
    return low + (high - low) * np.clip(under / span, 0, 1)
