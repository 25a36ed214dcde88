"""A thick woven textile: plain weave of two yarns, never quite regular, slightly wavy."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.noise import texture
from dcmd_ros.simulation.surface import GRID, MM, Finish, Surface, grid, rounded_box

FINISH = Finish(shininess=8.0)
PITCH = 5.0  # mm from yarn to yarn
THICK, YARN, WAVE = 6.5, 0.8, 0.5  # mm
HALF = (74, 56)


@lru_cache(maxsize=1)
def edge() -> Array:
    """0 outside, 1 inside, rounded at the rim."""
    depth = np.clip(rounded_box((0, 0), HALF, 6) / 4, 0, 1)
    return np.sqrt(1 - (1 - depth) ** 2) * (depth > 0)


def yarns(part: np.random.Generator) -> tuple[Array, Array]:
    """Relief 0..1 of the yarn on top, and whether that is the warp."""
    x, y = grid()
    phase = part.uniform(0, 2, 2).astype(np.float32)
    u = x / np.float32(PITCH) + phase[0] + np.float32(0.06) * texture(part, GRID, 14.0)
    v = y / np.float32(PITCH) + phase[1] + np.float32(0.06) * texture(part, GRID, 14.0)
    low_u, low_v = np.floor(u), np.floor(v)
    warp = (low_u + low_v).astype(np.int32) & 1 == 0
    off_u, off_v = np.square(2 * (u - low_u) - 1), np.square(2 * (v - low_v) - 1)
    across, along = np.where(warp, off_u, off_v), np.where(warp, off_v, off_u)
    return np.sqrt((1 - across) * (1 - along * along)), warp


def build(lot: np.random.Generator, part: np.random.Generator) -> Surface:
    """One patch: its lot gives the dye of both yarns, the part the weave's unevenness."""
    relief, warp = yarns(part)
    height = np.float32(THICK) + np.float32(YARN) * relief
    height += np.float32(WAVE) * texture(part, GRID, 50.0)
    first = lot.uniform((0.05, 0.10, 0.22), (0.07, 0.13, 0.28)).astype(np.float32)
    second = lot.uniform((0.30, 0.24, 0.15), (0.36, 0.30, 0.20)).astype(np.float32)
    tone = (np.float32(0.35) + np.float32(0.65) * relief) * (
        1 + np.float32(0.08) * texture(part, GRID, 0.8))
    albedo = np.where(warp, first.reshape(3, 1, 1), second.reshape(3, 1, 1)) * tone
    slope = np.zeros((2, GRID, GRID), np.float32)
    return Surface(height * edge() * np.float32(MM), albedo, slope, 0.05, FINISH)
