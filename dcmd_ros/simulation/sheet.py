"""Stamped sheet metal in two pieces: a bracket with bent edges, beads and holes, and a clip."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.noise import texture
from dcmd_ros.simulation.surface import (
    GRID,
    MM,
    Finish,
    Surface,
    coloured,
    disc,
    grid,
    rounded_box,
)

FINISH = Finish(shininess=30.0, metal=0.85, brush='line')
BASE = 7.0  # mm
HOLES = ((-58, -22), (-58, 22), (22, -22), (22, 22))
BRACKET = ((-22, 0), (54, 44), 5.0)
CLIP = ((62, 0), (20, 34), 4.0)


@lru_cache(maxsize=1)
def shape() -> Array:
    """Height of both pieces."""
    x, y = grid()
    sheet = np.full(x.shape, BASE, np.float32) + bend(np.abs(y) - 36, 12)
    sheet -= 4 * smooth((disc((-18, 0), 17)) / 6)
    for row in (-27, 27):
        sheet += 2.5 * smooth(rounded_box((-18, row), (22, 3.5), 3.5) / 3)
    clip = np.float32(BASE) + bend(x - 72, 9)
    clip += 2.5 * smooth(rounded_box((60, 0), (4, 20), 4) / 3)
    body = np.where(rounded_box(*BRACKET) > 0, sheet, np.where(rounded_box(*CLIP) > 0, clip, 0))
    holes = [disc(centre, 5) for centre in HOLES] + [disc((-18, 0), 7)]
    holes += [rounded_box((60, 26.5), (7, 3), 3), rounded_box((60, -26.5), (7, 3), 3)]
    for hole in holes:
        body = np.where(hole > 0, 0, body)
    body = body.astype(np.float32)
    return cv2.GaussianBlur(body, (3, 3), 0.5) * (body > 0) * np.float32(MM)


def smooth(t: Array) -> Array:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def bend(beyond: Array, high: float) -> Array:
    """The rise in mm of an edge that is bent up where `beyond` (mm) is positive."""
    past = np.clip(beyond, 0, None)
    return np.minimum(past ** 2 / 2, np.float32(high) + np.float32(0.1) * past)


def build(lot: np.random.Generator, part: np.random.Generator) -> Surface:
    """One pair: the coil gives tone and gloss, the part its rolling lines and spangle."""
    grey, cool, gloss = lot.uniform((0.29, 0.0, 0.26), (0.34, 0.08, 0.38))
    lines = texture(part, GRID, 0.7, 30.0)
    tone = 1 + np.float32(0.04) * lines + np.float32(0.03) * texture(part, GRID, 6.0)
    slope = np.stack([np.zeros_like(lines), np.float32(0.02) * lines])
    colour = (grey * (1 - cool), grey, grey * (1 + cool))
    return Surface(shape(), coloured(colour, tone), slope, float(gloss), FINISH)
