"""Prepared frames that engines are compared on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.network.preparation import Prepared

_SEEDS = range(2)


def samples(size: int) -> list[Prepared]:
    """
    Textured parts of both sensors on an even scene, with gaps in their depth.

    A model keeps no frames of its training, so these are of no part that it knows: its evidence
    is larger than on good parts, and what is compared is larger with it. Their statistics are
    odd, so that an engine has to heed them.
    """
    return [_sample(size, np.random.default_rng(seed)) for seed in _SEEDS]


def _sample(size: int, rng: np.random.Generator) -> Prepared:
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    part = np.hypot(rows / rng.uniform(0.2, 0.4), columns / rng.uniform(0.2, 0.4)) < 1
    colour = np.where(part[..., None], _texture(size, rng), 0).astype(np.float32) * 0.7
    slopes = np.where(part[..., None], _texture(size, rng), 0)
    slopes[..., 2] = 1
    normals = slopes / np.linalg.norm(slopes, axis=-1, keepdims=True)
    valid = ~part | (_texture(size, rng)[..., 0] > -0.6)
    return Prepared(part, colour, normals.astype(np.float32), valid, {},
                    trust={'rgb': 0.6, 'depth': 0.4})


def _texture(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(S, S, 3) noise of many scales, -1 to 1."""
    total = np.zeros((size, size, 3))
    for cells in (4, 16, 64):
        noise = rng.uniform(-1, 1, (cells, cells, 3))
        total += cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC) / 2
    return np.clip(total, -1, 1)
