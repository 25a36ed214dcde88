"""The simulated RGB-D camera: a pool of rendered parts, shown with fresh light noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from dcmd_ros.nodes.source import SourceFrame
from dcmd_ros.nodes.source_loop import Report, SourceOptions, run_source
from dcmd_ros.simulation import DEFECTS, SimulatedFrame, simulate

GREY_NOISE = 0.7  # levels
DEPTH_NOISE = 5e-5  # of the distance
BANK = 16  # frames after which the light noise repeats


@dataclass(frozen=True)
class CameraOptions:
    """
    seed             of parts, defects and noise
    kind             of the parts
    size             width, height
    pool             rendered parts; they come again in this order
    defect_rate      share of them that is defective
    frames_per_part  how long each one stays
    """

    seed: int
    kind: str = 'turned'
    size: tuple[int, int] = (640, 480)
    pool: int = 24
    defect_rate: float = 0.3
    frames_per_part: int = 15


def run_camera(camera: CameraOptions, options: SourceOptions,
               ros_args: Sequence[str] = ()) -> Report:
    """Render the pool and show it until SIGINT; raises DcmdError as run_source and simulate."""
    parts = render(camera)
    return run_source(frames(parts, camera), options, ros_args)


def render(camera: CameraOptions) -> list[SimulatedFrame]:
    """The pool; the same options give the same bytes."""
    rng = np.random.default_rng((camera.seed, camera.pool))
    bad = rng.permutation(camera.pool) < round(camera.defect_rate * camera.pool)
    defects = [str(name) for name in rng.choice(list(DEFECTS), camera.pool)]
    parts = []
    for index in tqdm(range(camera.pool), desc='rendering parts', unit='part'):
        parts.append(simulate(camera.seed, camera.kind, index,
                              defects[index] if bad[index] else None, camera.size))
    return parts


def frames(parts: Sequence[SimulatedFrame], camera: CameraOptions) -> Iterator[SourceFrame]:
    """Part after part for ever, no two frames in a row alike."""
    noise = LightNoise(camera.size, camera.seed)
    number = 0
    while True:
        for index, part in enumerate(parts):
            for _ in range(camera.frames_per_part):
                rgb, depth = noise.add(part.rgb, part.depth, number)
                yield SourceFrame(rgb, depth, part.mask, part.label,
                                  f'{camera.kind}/{camera.seed}/{index:03d}', part.intrinsics)
                number += 1


class LightNoise:
    """Noise from a bank that is made once: a window moves over it from frame to frame."""

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        width, height = size
        rng = np.random.default_rng(seed)
        grey = np.rint(GREY_NOISE * rng.standard_normal((height + BANK, width, 3), np.float32))
        self._brighter: NDArray[np.uint8] = np.maximum(grey, 0).astype(np.uint8)
        self._darker: NDArray[np.uint8] = np.maximum(-grey, 0).astype(np.uint8)
        self._scale = 1 + DEPTH_NOISE * rng.standard_normal((height + BANK, width), np.float32)
        self._height = height

    def add(self, rgb: NDArray[np.uint8], depth: NDArray[np.float32],
            number: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Both as the sensors would see them the next time; missing depth stays missing."""
        rows = slice(number % BANK, number % BANK + self._height)
        noisy = cv2.subtract(cv2.add(rgb, self._brighter[rows]), self._darker[rows])
        return (np.asarray(noisy, np.uint8),
                np.asarray(cv2.multiply(depth, self._scale[rows]), np.float32))
