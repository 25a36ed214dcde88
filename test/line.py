"""A simulated inspection line: parts that rest, an empty belt, noise and a flickering light."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.simulation import SimulatedFrame, simulate

SIZE = (160, 120)
Pair = tuple[NDArray[np.uint8], NDArray[np.float32]]


@cache
def part(index: int, defect: str | None = None, empty: bool = False,
         shift: float = 0.0) -> SimulatedFrame:
    return simulate(3, 'turned', index, defect, SIZE, empty, shift)


def seen(frame: SimulatedFrame, rng: np.random.Generator, exposure: float = 1.0) -> Pair:
    """The frame as the sensors see it the next time; rows are exposed one after the other."""
    rows = exposure * (1 + 0.05 * np.sin(rng.uniform(0, 6) + np.arange(SIZE[1]) / 20))
    rgb = (frame.rgb + rng.normal(0, 2, frame.rgb.shape)) * rows[:, None, None]
    depth = frame.depth * (1 + rng.normal(0, 8e-4, frame.depth.shape))
    depth[rng.random(depth.shape) < 0.002] = 0
    return np.clip(rgb, 0, 255).astype(np.uint8), depth.astype(np.float32)


def line(frames: Sequence[SimulatedFrame], hold: int, seed: int = 0) -> Iterator[Pair]:
    """Each of them so many times, under a light that flickers by a tenth."""
    rng = np.random.default_rng(seed)
    for frame in frames:
        for _ in range(hold):
            yield seen(frame, rng, rng.uniform(0.9, 1.1))
