"""Cheap seeded noise: windows of a fixed bank, mixed by a generator's choice."""

from __future__ import annotations

import zlib
from functools import lru_cache

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array

BANK = 1 << 21
TILE = 1024


def generator(seed: int, kind: str, index: int, purpose: str, tick: int = 0,
              ) -> np.random.Generator:
    """The generator of one purpose; its draws depend on nothing but the arguments."""
    words = (zlib.crc32(kind.encode()), zlib.crc32(purpose.encode()))
    return np.random.default_rng([seed, index, tick, *words])


@lru_cache(maxsize=1)
def bank() -> Array:
    values = np.random.default_rng(0).standard_normal(BANK, dtype=np.float32)
    return values * np.float32(np.sqrt(0.5))


def gaussian(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """
    Standard normal noise: the sum of two windows of the bank, so 10^12 different fields.

    Several times faster than drawing each value.
    """
    count = int(np.prod(shape))
    values = np.resize(bank(), count + BANK) if count > BANK // 2 else bank()
    first, second = rng.integers(0, len(values) - count, 2)
    return (values[first:first + count] + values[second:second + count]).reshape(shape)


@lru_cache(maxsize=16)
def tile(scale: float, stretch: float = 1.0) -> Array:
    """A periodic (1024, 1024) texture, mean 0, deviation 1, blurred by `scale` texels."""
    noise = np.random.default_rng(round(scale * 1000)).standard_normal((TILE, TILE))
    wrapped = cv2.copyMakeBorder(noise.astype(np.float32), 128, 128, 128, 128, cv2.BORDER_WRAP)
    smooth = cv2.GaussianBlur(wrapped, (0, 0), scale * stretch, sigmaY=scale)[128:-128, 128:-128]
    smooth = (smooth - smooth.mean()) / smooth.std()
    return np.ascontiguousarray(smooth, np.float32)


@lru_cache(maxsize=4)
def carpet(scale: float, stretch: float) -> Array:
    """The tile twice along both axes, so that a window may begin anywhere in the first."""
    return np.tile(tile(scale, stretch), (2, 2))


def texture(rng: np.random.Generator, size: int, scale: float, stretch: float = 1.0) -> Array:
    """A random (size, size) window of the tile; size at most 1024."""
    row, column = rng.integers(0, TILE - size + 1, 2)
    return tile(scale, stretch)[row:row + size, column:column + size]
