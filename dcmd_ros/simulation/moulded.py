"""A moulded plastic housing: an open box with ribs, bosses, screw holes and a cable slot."""

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
    bevel,
    coloured,
    disc,
    rounded_box,
)

FINISH = Finish(shininess=22.0)
BOSSES = ((-54, -34), (-54, 34), (54, -34), (54, 34))
TABS = ((-76, 0), (76, 0))


@lru_cache(maxsize=1)
def shape() -> Array:
    """The housing's height; the same for every part, as one mould makes them."""
    body = bevel(rounded_box((0, 0), (68, 48), 10), 22, 1.5)
    inside = rounded_box((0, 0), (64.5, 44.5), 7)
    body = np.where(inside > 0, np.maximum(22 - np.maximum(inside, 0) * 24, 7), body)
    for half in ((64, 1.4), (1.4, 44)):
        body = np.maximum(body, bevel(rounded_box((0, 0), half, 1), 13, 0.5))
    body = np.maximum(body, bevel(disc((0, 0), 17), 17, 1.5))
    for centre in BOSSES:
        body = drilled(np.maximum(body, bevel(disc(centre, 7), 19)), centre, 3.0, 9)
    for centre in TABS:
        body = np.maximum(body, bevel(rounded_box(centre, (13, 11), 8), 7))
        body = drilled(body, (centre[0] * 1.04, 0), 3.5, 0)
    body = drilled(body, (0, 0), 10, 9)
    slot = rounded_box((26, 46), (9, 8), 2) > 0
    body = np.where(slot, np.minimum(body, 10), body).astype(np.float32)
    return cv2.GaussianBlur(body, (3, 3), 0.6) * (body > 0) * np.float32(MM)


def drilled(body: Array, centre: tuple[float, float], radius: float, bottom: float) -> Array:
    """The body with a round hole down to `bottom` mm."""
    return np.where(disc(centre, radius) > 0, np.minimum(body, np.float32(bottom)), body)


def build(lot: np.random.Generator, part: np.random.Generator) -> Surface:
    """One part: its lot gives pigment and gloss, the part faint flow lines and grain."""
    red, green, blue, gloss = lot.uniform((0.16, 0.21, 0.24, 0.22), (0.20, 0.25, 0.30, 0.34))
    tone = 1 + np.float32(0.02) * texture(part, GRID, 1.0)
    tone += np.float32(0.025) * texture(part, GRID, 12.0, 3.0)
    grain = np.stack([texture(part, GRID, 0.8), texture(part, GRID, 0.8)]) * np.float32(0.02)
    return Surface(shape(), coloured((red, green, blue), tone), grain, float(gloss), FINISH)
