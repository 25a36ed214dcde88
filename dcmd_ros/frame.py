"""The one thing that flows in: what the sensors saw at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Modality = Literal['rgb', 'depth']
Mode = Literal['both', 'rgb_only', 'depth_only']

MODALITIES: tuple[Modality, Modality] = ('rgb', 'depth')
MODES: tuple[Mode, Mode, Mode] = ('both', 'rgb_only', 'depth_only')


@dataclass(frozen=True)
class Intrinsics:
    """
    A pinhole camera without distortion, in pixels (REP 104, the left 3x3 of `P`).

    A point (x, y, z) in the optical frame (REP 103: x right, y down, z forward, metres)
    falls on column `fx * x / z + cx` and row `fy * y / z + cy`, pixel centres at integers.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


@dataclass(frozen=True)
class Frame:
    """
    Colour and geometry of one moment, registered to each other, either possibly absent.

    stamp       nanoseconds, the RGB message's, else depth's
    frame_id    optical frame of the stamped message
    rgb         (H, W, 3) uint8, red first, or None
    depth       (H, W) float32, metres along the optical axis, 0 where missing, or None
    xyz         (H, W, 3) float32, metres in the optical frame, (0, 0, 0) where missing;
                only where a sensor delivers it: with `intrinsics`, `depth` alone is enough
    intrinsics  of both images, or None where unknown
    """

    stamp: int
    frame_id: str = ''
    rgb: NDArray[np.uint8] | None = None
    depth: NDArray[np.float32] | None = None
    xyz: NDArray[np.float32] | None = None
    intrinsics: Intrinsics | None = None

    @property
    def present(self) -> tuple[Modality, ...]:
        """The modalities that this frame holds, in the order of MODALITIES."""
        flags = (self.rgb is not None, self.depth is not None or self.xyz is not None)
        return tuple(m for m, here in zip(MODALITIES, flags, strict=True) if here)

    @property
    def mode(self) -> Mode | None:
        """The availability mode, None where the frame is empty."""
        modes: dict[tuple[Modality, ...], Mode] = {
            ('rgb', 'depth'): 'both', ('rgb',): 'rgb_only', ('depth',): 'depth_only'}
        return modes.get(self.present)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels, RGB's, else depth's; (0, 0) where the frame is empty."""
        for image in (self.rgb, self.depth, self.xyz):
            if image is not None:
                return image.shape[0], image.shape[1]
        return 0, 0
