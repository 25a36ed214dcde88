"""A turned metal part: stepped discs, a groove, a bore, bolt holes, and the marks of the tool."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.noise import texture
from dcmd_ros.simulation.surface import GRID, MM, Finish, Surface, coloured, disc, grid

FINISH = Finish(shininess=40.0, metal=1.0, brush='ring')
# radius and height in mm, from the bore to the rim
PROFILE = ((0, 0), (13, 0), (13.5, 33), (15.5, 35), (23, 35), (24, 34), (24.5, 24), (37, 24),
           (38, 21), (41, 21), (42, 24), (51, 24), (53, 22), (53.5, 12), (56, 10), (87, 10),
           (89, 8.5), (89.5, 0))
BOLTS, BOLT_CIRCLE, BOLT_RADIUS = 6, 72.0, 5.0


@lru_cache(maxsize=1)
def shape() -> Array:
    x, y = grid()
    radius, height = zip(*PROFILE, strict=True)
    body = np.interp(np.hypot(x, y), radius, height).astype(np.float32)
    for angle in np.arange(BOLTS) * (2 * np.pi / BOLTS):
        centre = (BOLT_CIRCLE * np.cos(angle), BOLT_CIRCLE * np.sin(angle))
        body *= disc(centre, BOLT_RADIUS) < 0
    return cv2.GaussianBlur(body, (3, 3), 0.6) * (body > 0) * np.float32(MM)


@lru_cache(maxsize=1)
def polar() -> tuple[Array, Array, Array]:
    """Radius in quarter millimetres, and the unit vector outwards."""
    x, y = grid()
    radius = np.maximum(np.hypot(x, y), np.float32(1e-3))
    return radius * 4, x / radius, y / radius


def rings(rng: np.random.Generator) -> Array:
    """What the tool left, as a function of the radius, deviation 1."""
    lines = rng.standard_normal((1, 800), dtype=np.float32)
    marks = lines + 3 * cv2.GaussianBlur(lines, (0, 0), 3)
    row = cv2.remap(marks, polar()[0], np.zeros((GRID, GRID), np.float32), cv2.INTER_LINEAR)
    return row / np.float32(marks.std())


def build(lot: np.random.Generator, part: np.random.Generator) -> Surface:
    """One part: its lot gives hue and gloss, the part its tool marks and mottling."""
    grey, warmth, gloss = lot.uniform((0.25, -0.03, 0.72), (0.31, 0.05, 0.84))
    marks = rings(part)
    tone = 1 + np.float32(0.05) * marks + np.float32(0.03) * texture(part, GRID, 2.0)
    _, out_x, out_y = polar()
    ridges = np.float32(0.025) * marks
    colour = (grey * (1 + warmth), grey, grey * (1 - warmth))
    return Surface(shape(), coloured(colour, tone), np.stack([ridges * out_x, ridges * out_y]),
                   float(gloss), FINISH)
