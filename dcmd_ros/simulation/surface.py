"""The part in its own frame: a height map with colour, on a grid of 0.5 mm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array

TEXEL = 0.0005  # metres
GRID = 448  # texels a side: 224 mm
CENTRE = (GRID - 1) / 2
MM = 0.001


@dataclass(frozen=True)
class Finish:
    """How a material answers light; `brush` says along what its fine lines run."""

    shininess: float
    metal: float = 0.0
    brush: Literal['ring', 'line'] | None = None


@dataclass(frozen=True)
class Surface:
    """
    A part in its own frame, x along columns and y along rows, origin in the middle.

    height  (GRID, GRID) metres over what it lies on, 0 where there is no part
    albedo  (3, GRID, GRID) linear 0..1, red first
    slope   (2, GRID, GRID) fine slopes (dx, dy) too small for the height map
    gloss   strength of the highlight, 0..1
    """

    height: Array
    albedo: Array
    slope: Array
    gloss: float
    finish: Finish

    @cached_property
    def gradients(self) -> Array:
        """(2, GRID, GRID) dh/dx and dh/dy of the height map with the fine slopes added."""
        return steepness(self.height, TEXEL) + self.slope


def steepness(height: Array, texel: float) -> Array:
    """(2, h, w) slopes along x and y of a height map with texels of that many metres."""
    return np.stack([cv2.Sobel(height, cv2.CV_32F, dx, dy, ksize=3, scale=1 / (8 * texel))
                     for dx, dy in ((1, 0), (0, 1))])


def look_up(planes: Array, column: Array, row: Array,
            border: int = cv2.BORDER_REPLICATE) -> Array:
    """Planes (N, h, w) sampled at fractional columns and rows (H, W): (N, H, W)."""
    return np.stack([cv2.remap(plane, column, row, cv2.INTER_LINEAR, borderMode=border)
                     for plane in planes])


def upright(steep: Array) -> Array:
    """Unit normals (3, H, W) of a surface over a plane, from its slopes (2, H, W)."""
    up = 1 / np.sqrt(1 + steep[0] ** 2 + steep[1] ** 2)
    return np.stack([-steep[0] * up, -steep[1] * up, up])


@lru_cache(maxsize=1)
def grid() -> tuple[Array, Array]:
    """x and y in millimetres of every texel."""
    axis = (np.arange(GRID, dtype=np.float32) - np.float32(CENTRE)) * np.float32(TEXEL / MM)
    x, y = np.meshgrid(axis, axis)
    return x, y


def bevel(distance: Array, height: float, width: float = 1.0) -> Array:
    """A plateau of `height` mm where distance (mm, inside positive) exceeds `width`, else a ramp.

    0 where the distance is negative.
    """
    return np.clip(distance / np.float32(width), 0, 1) * np.float32(height)


def rounded_box(centre: tuple[float, float], half: tuple[float, float], radius: float) -> Array:
    """Signed distance in mm to a rounded rectangle, inside positive."""
    x, y = grid()
    dx = np.abs(x - np.float32(centre[0])) - np.float32(half[0] - radius)
    dy = np.abs(y - np.float32(centre[1])) - np.float32(half[1] - radius)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
    return np.float32(radius) - outside - np.minimum(np.maximum(dx, dy), 0)


def disc(centre: tuple[float, float], radius: float) -> Array:
    """Signed distance in mm to a disc, inside positive."""
    x, y = grid()
    return np.float32(radius) - np.hypot(x - np.float32(centre[0]), y - np.float32(centre[1]))


def coloured(colour: tuple[float, float, float], tone: Array) -> Array:
    """Albedo (3, GRID, GRID): one colour times a tone map."""
    return np.stack([tone * np.float32(c) for c in colour])
