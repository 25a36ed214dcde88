"""The pinhole camera above the table, as per-pixel rays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.simulation.array import Array

FOCAL = 900.0  # pixels at 640x480, about 39 degrees across
DEPTH_FRAME_ID = 'camera_depth_optical_frame'  # of clouds, which are not registered to colour
# x y z qx qy qz qw that take its points to colour's frame: 15 mm aside, turned by a degree
POINTS_TO_RGB = (-0.015, 0.0, 0.0, 0.0, 0.0, 0.0087265, 0.9999619)


def intrinsics(size: tuple[int, int]) -> Intrinsics:
    """The pinhole for an image of `size` (width, height): the same field of view at any size."""
    width, height = size
    focal = FOCAL * min(width / 640, height / 480)
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


@dataclass(frozen=True, eq=False)
class View:
    """
    Where each pixel's ray meets the horizontal plane at height h, linear in h.

    World frame: the table is z = 0, z up, x to the right of the image, y towards its top, metres.
    The ray of a pixel is at (x0 + h sx, y0 + h sy), at optical depth z0 - h sz. `to_eye` is the
    unit vector towards the camera, (3, H, W).
    """

    intrinsics: Intrinsics
    position: tuple[float, float, float]
    axes: NDArray[np.float64]  # rows: the optical frame's x, y, z in the world
    x0: Array
    y0: Array
    z0: Array
    sx: Array
    sy: Array
    sz: Array
    to_eye: Array

    def depth(self, height: Array) -> Array:
        """Optical depth in metres of the surface at `height` over the table, per pixel."""
        return self.z0 - height * self.sz

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (N, 2), column first, of world points (N, 3)."""
        x, y, z = (self.axes @ (points - np.array(self.position)).T)
        k = self.intrinsics
        return np.stack([k.fx * x / z + k.cx, k.fy * y / z + k.cy], 1)


def camera_axes(tilt: float, pan: float) -> NDArray[np.float64]:
    """Rows: the optical frame in the world, for a camera that looks down, off by two angles."""
    forward = np.array([np.sin(pan), np.sin(tilt), 0.0])
    forward[2] = -np.sqrt(1 - forward @ forward)
    right = np.cross([0.0, 1.0, 0.0], -forward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


@lru_cache(maxsize=8)
def look_down(size: tuple[int, int], distance: float, tilt: float, pan: float) -> View:
    """A camera whose optical axis meets the table's origin at `distance` metres; radians."""
    k = intrinsics(size)
    axes = camera_axes(tilt, pan)
    position = -distance * axes[2]
    u, v = np.meshgrid(np.arange(k.width), np.arange(k.height))
    pixel = np.stack([(u - k.cx) / k.fx, (v - k.cy) / k.fy, np.ones(u.shape)], -1)
    ray = pixel @ axes
    scale = -1 / ray[..., 2]
    z0 = position[2] * scale
    maps = (position[0] + z0 * ray[..., 0], position[1] + z0 * ray[..., 1], z0,
            -scale * ray[..., 0], -scale * ray[..., 1], scale,
            np.moveaxis(-ray / np.linalg.norm(ray, axis=-1, keepdims=True), -1, 0))
    x, y, z = (float(c) for c in position)
    return View(k, (x, y, z), axes, *(np.ascontiguousarray(m, np.float32) for m in maps))
