"""Depth encodings (REP 118) to metres and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.message import MessageError

MILLIMETRES = ('16UC1', 'mono16')
METRES = '32FC1'
NEAREST, MAX_DEPTH = 1e-3, 1000.0  # metres; nearer or beyond is no measurement


def to_metres(image: NDArray[Any]) -> NDArray[np.float32]:
    """
    (H, W) uint16 millimetres or float32 metres -> (H, W) float32 metres, 0 = missing.

    Non-finite, negative, and more than MAX_DEPTH count as missing. Float depth in which
    nothing has to change comes back as it is, not copied.
    """
    if image.dtype == np.uint16:
        return np.divide(image, np.float32(1000), dtype=np.float32)
    fine = (image >= 0) & (image <= MAX_DEPTH)
    return image if fine.all() else np.where(fine, image, np.float32(0))


def from_metres(depth: NDArray[np.float32], encoding: str) -> NDArray[Any]:
    """
    (H, W) float32 metres, 0 = missing -> what a message of this encoding holds (REP 118).

    `16UC1`: rounded millimetres, 0 where missing or beyond 65.535 m. `32FC1`: NaN where missing.

    :raises MessageError: `encoding` for any other.
    """
    if encoding in MILLIMETRES:
        scaled = np.rint(depth * np.float32(1000))
        return np.where((scaled > 0) & (scaled <= 65535), scaled, 0).astype(np.uint16)
    if encoding == METRES:
        return np.where(depth > 0, depth, np.float32(np.nan)).astype(np.float32, copy=False)
    raise MessageError(
        f'depth cannot be written as {encoding!r}: use 16UC1 or 32FC1', cause='encoding')
