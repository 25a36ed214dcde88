"""Frames of another size than the model was trained on, and their maps back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Frame, Intrinsics

_CHANGED = 0.02  # of the focal length, from which on a camera counts as another one


@dataclass(frozen=True)
class Fitting:
    """
    A frame's pixel = scale * trained pixel + shift, for columns and rows.

    size  (width, height) of the frame
    """

    trained: Intrinsics
    size: tuple[int, int]
    scale: tuple[float, float]
    shift: tuple[float, float]

    @property
    def same(self) -> bool:
        """Whether frames need no change."""
        return (self.size == (self.trained.width, self.trained.height)
                and self.scale == (1.0, 1.0) and self.shift == (0.0, 0.0))

    def to_trained(self, frame: Frame) -> Frame:
        """The frame as the trained camera would have taken it."""
        if self.same:
            return frame
        rgb = None if frame.rgb is None else self._warped(frame.rgb, cv2.INTER_LINEAR)
        depth = None if frame.depth is None else self._warped(frame.depth, cv2.INTER_NEAREST)
        return replace(frame, rgb=rgb, depth=depth, intrinsics=self.trained)

    def to_frame(self, image: NDArray, flags: int) -> NDArray:
        """A map of the trained size at the frame's size."""
        if self.same:
            return image
        return cv2.warpAffine(image, self._matrix(), self.size, flags=flags)

    def roi(self, roi: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """x, y, width, height of the frame in trained pixels."""
        corners = np.array([roi[:2], np.add(roi[:2], roi[2:])], float)
        x, y = np.round((corners - self.shift) / self.scale).astype(int).T
        return int(x[0]), int(y[0]), int(x[1] - x[0]), int(y[1] - y[0])

    def _matrix(self) -> NDArray[np.float64]:
        return np.array([[self.scale[0], 0, self.shift[0]], [0, self.scale[1], self.shift[1]]])

    def _warped(self, image: NDArray, flags: int) -> NDArray:
        shrink = max(self.scale)
        if shrink > 1.5 and flags == cv2.INTER_LINEAR:
            image = cv2.GaussianBlur(image, (0, 0), 0.4 * shrink)
        return cv2.warpAffine(image, self._matrix(), (self.trained.width, self.trained.height),
                              flags=flags | cv2.WARP_INVERSE_MAP)


def fitting(frame: Frame, trained: Intrinsics) -> tuple[Fitting, str]:
    """
    How a frame relates to the trained camera: by the intrinsics where they are known, else by
    the size; and a warning where they differ, else ''.
    """
    height, width = frame.size
    seen = frame.intrinsics
    if seen is not None and (seen.width, seen.height) == (width, height):
        scale = (seen.fx / trained.fx, seen.fy / trained.fy)
        shift = (seen.cx - scale[0] * trained.cx, seen.cy - scale[1] * trained.cy)
    else:
        scale = (width / trained.width, height / trained.height)
        shift = ((scale[0] - 1) / 2, (scale[1] - 1) / 2)
    same_size = (width, height) == (trained.width, trained.height)
    if same_size and max(abs(s - 1) for s in scale) < _CHANGED:
        return Fitting(trained, (width, height), (1.0, 1.0), (0.0, 0.0)), ''
    return Fitting(trained, (width, height), scale, shift), (
        f'the camera differs from the trained one ({width}x{height}, focal length '
        f'{scale[0] * trained.fx:.0f} px, trained {trained.width}x{trained.height}, '
        f'{trained.fx:.0f} px): frames are resampled, better train with this camera')
