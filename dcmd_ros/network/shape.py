"""Depth -> the teacher's picture of the part's shape: normals in the support's frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.network.quality import Quality, depth_quality
from dcmd_ros.network.resizing import resized
from dcmd_ros.sensing.geometry import Plane, measured, normals, rotate_to_plane
from dcmd_ros.sensing.pieces import Mask, around

_FILL = 6.0  # pixels from which missing normals are filled in
_UP = np.array([0, 0, 1], np.float32)


@dataclass(frozen=True)
class Shape:
    """
    normals  (S, S, 3) float32 unit, z away from the support; gaps filled, up off the part
    gaps     (side, side) bool, the part where no normal was measured
    quality  of the depth
    """

    normals: NDArray[np.float32]
    gaps: Mask
    quality: Quality


def shape_of(depth: NDArray[np.float32], camera: Intrinsics, sigma: float, plane: Plane,
             size: int, part: Mask) -> Shape:
    """
    :param depth: (side, side) metres, seen by `camera`
    :param sigma: of its smoothing, pixels
    :param plane: of the support
    :param size: S
    :param part: (side, side)
    """
    found = normals(depth, camera, sigma, part)
    near = around(part)
    found[near] = rotate_to_plane(found[near], plane)
    gaps = np.zeros_like(part)
    gaps[near] = part[near] & ~measured(found[near])
    filled = _filled(found, gaps)
    filled[..., 2] += ~part  # _UP off the part
    return Shape(resized(filled, size), gaps, depth_quality(depth, part))


def _filled(shape: NDArray[np.float32], gaps: Mask) -> NDArray[np.float32]:
    """Gaps take the normals around them, so that their edges look like nothing in particular."""
    if not gaps.any():
        return shape
    size = (max(shape.shape[1] // 4, 1), max(shape.shape[0] // 4, 1))
    near = cv2.resize(shape, size, interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(near, (0, 0), _FILL / 4) + np.float32(1e-3) * _UP
    length = np.sqrt(np.einsum('ijk,ijk->ij', near, near)) + np.float32(1e-12)
    near = near / length[..., None]
    near = cv2.resize(near, shape.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.copyTo(near, gaps.view(np.uint8), shape), np.float32)
