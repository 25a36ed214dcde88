"""A lens that bends what the ideal pinhole saw."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.camera_model import CameraModel
from dcmd_ros.sensing.registration import ray_table


class Lens:
    """
    The same lens before both sensors; without coefficients everything stays as it is.

    :param distortion: k1 k2 p1 p2 k3 of plumb_bob, or empty
    """

    def __init__(self, camera: Intrinsics, distortion: tuple[float, ...] = ()) -> None:
        self._source: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        if any(distortion):
            rays = ray_table(CameraModel(camera, 'plumb_bob', distortion))
            column = rays[..., 0] * np.float32(camera.fx) + np.float32(camera.cx)
            row = rays[..., 1] * np.float32(camera.fy) + np.float32(camera.cy)
            self._source = np.nan_to_num(column, nan=-9), np.nan_to_num(row, nan=-9)

    def colour(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3), black where the pinhole did not look."""
        return np.asarray(self._bent(image, cv2.INTER_LINEAR), np.uint8)

    def exact(self, image: NDArray[Any]) -> NDArray[Any]:
        """(H, W) of depth or truth: the nearest pixel, values are never mixed; 0 outside."""
        return self._bent(image, cv2.INTER_NEAREST)

    def _bent(self, image: NDArray[Any], how: int) -> NDArray[Any]:
        if self._source is None:
            return image
        return np.asarray(cv2.remap(image, *self._source, how, borderMode=cv2.BORDER_CONSTANT,
                                    borderValue=(0, 0, 0)))
