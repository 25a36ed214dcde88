"""What a CameraInfo message says of the camera behind an image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.distortion import COEFFICIENTS
from dcmd_ros.sensing.message import MAX_SIDE, MessageError


class RegistrationError(MessageError):
    """Colour and depth cannot be brought onto each other; the text says what to change."""

    def __init__(self, text: str, cause: str = 'registration') -> None:
        super().__init__(text, cause)


@dataclass(frozen=True)
class CameraModel:
    """
    The camera behind one image, binning and region of interest already applied.

    intrinsics   size and pinhole of the image as it is published
    distortion   `none`, `plumb_bob`, `rational_polynomial` or `equidistant`
    D            its coefficients, empty for `none`
    K, R, P      as in the message, row by row
    """

    intrinsics: Intrinsics
    distortion: str = 'none'
    D: tuple[float, ...] = ()
    K: tuple[float, ...] = field(default=(), compare=False)
    R: tuple[float, ...] = field(default=(), compare=False)
    P: tuple[float, ...] = field(default=(), compare=False)

    @property
    def distorted(self) -> bool:
        """Whether rays bend: `intrinsics` alone do not tell where a point falls."""
        return self.distortion != 'none'

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.intrinsics.height, self.intrinsics.width


def is_rectified(topic: str) -> bool:
    """Whether a topic carries a rectified image by image_pipeline's names (`image_rect`...)."""
    return re.search(r'(?:^|[/_])rect(?:ified)?(?:[/_]|$)', topic) is not None


def camera_model(info: Any, side: str = 'rgb', rectified: bool = False) -> CameraModel:
    """
    Read a CameraInfo message. `side` (`rgb` or `depth`) is named in errors.

    By image_pipeline's convention an image as the camera took it (`image_raw`, `image`) obeys
    K and D, and one that was rectified (`image_rect`, see `is_rectified`) obeys P, undistorted.
    The region of interest is cut off before binning, both as image_geometry does: u' =
    (u - x_offset) / binning_x.

    :raises RegistrationError: `calibration` where the camera is uncalibrated, `size`, `roi`,
        `distortion` where these are impossible or outside the models above.
    """
    k, r, p = (tuple(float(v) for v in m) for m in (info.k, info.r, info.p))
    d = tuple(float(v) for v in info.d)
    matrix, distortion, d = (_rectified(side, k, p, d) if rectified
                             else (k, *_distortion(side, info.distortion_model, d)))
    if not _focal(matrix):
        raise RegistrationError(
            f'{side}/camera_info: the camera is uncalibrated (focal length '
            f'{matrix[0]:g}, {matrix[4]:g}): calibrate it, or give its driver the '
            'calibration file', cause='calibration')
    return CameraModel(_intrinsics(info, matrix, side, rectified), distortion, d, k, r, p)


def check_image_size(shape: Sequence[int], model: CameraModel, side: str) -> None:
    """
    Refuse an image (H, W, ...) that its calibration does not describe.

    :raises RegistrationError: `size`.
    """
    if tuple(shape[:2]) != model.size:
        raise RegistrationError(
            f'the {side} image is {shape[1]}x{shape[0]}, but {side}/camera_info describes '
            f'{model.size[1]}x{model.size[0]}: remap {side}/camera_info to the one that '
            'belongs to the image', cause='size')


def _focal(matrix: Sequence[float]) -> bool:
    """Whether a 3x3 or 3x4 row-major matrix holds a usable pinhole."""
    fy = matrix[len(matrix) // 3 + 1]
    return bool(np.isfinite(matrix).all() and matrix[0] > 0 and fy > 0)


def _rectified(side: str, k: tuple[float, ...], p: tuple[float, ...],
               d: tuple[float, ...]) -> tuple[tuple[float, ...], str, tuple[float, ...]]:
    if not _focal(p):
        if any(d):
            raise RegistrationError(
                f'{side}/camera_info: the topic is rectified, but P is not set: '
                'calibrate the camera', cause='calibration')
        return k, 'none', ()
    if p[3] or p[7]:
        raise RegistrationError(
            f'{side}/camera_info: P holds a baseline ({p[3]:g}, {p[7]:g}): '
            'this is the second camera of a stereo pair, use the first', cause='calibration')
    return (*p[0:3], *p[4:7], *p[8:11]), 'none', ()


def _distortion(side: str, model: str, d: tuple[float, ...]) -> tuple[str, tuple[float, ...]]:
    if not any(d):
        return 'none', ()
    if model == 'plumb_bob' and len(d) == 8:  # as Orbbec's driver calls OpenCV's eight
        model = 'rational_polynomial'
    if model == 'rational_polynomial' and len(d) == 14 and not any(d[12:]):
        d = d[:12]
    if len(d) in COEFFICIENTS.get(model, ()) and np.isfinite(d).all():
        return model, d
    raise RegistrationError(
        f'{side}/camera_info: distortion {model!r} with {len(d)} coefficients is '
        f'not among {", ".join(COEFFICIENTS)}: use the rectified image (image_rect)',
        cause='distortion')


def _intrinsics(info: Any, matrix: Sequence[float], side: str, rectified: bool) -> Intrinsics:
    roi, bins = info.roi, (max(1, int(info.binning_x)), max(1, int(info.binning_y)))
    whole = (int(info.width), int(info.height))
    cut = bool(roi.width or roi.height or roi.x_offset or roi.y_offset)
    left, top = (int(roi.x_offset), int(roi.y_offset)) if cut else (0, 0)
    window = (int(roi.width), int(roi.height)) if cut else whole
    if not all(0 < side_length <= MAX_SIDE for side_length in whole):
        raise RegistrationError(
            f'{side}/camera_info: a size of {whole[0]}x{whole[1]} is '
            'impossible: check the driver', cause='size')
    if left + window[0] > whole[0] or top + window[1] > whole[1] or not all(
            length >= b for length, b in zip(window, bins, strict=True)):
        raise RegistrationError(
            f'{side}/camera_info: the region of interest {window[0]}x'
            f'{window[1]} at {left}, {top} with binning {bins[0]}x'
            f'{bins[1]} does not fit {whole[0]}x{whole[1]}', cause='roi')
    if rectified and roi.do_rectify and window != whole:
        raise RegistrationError(
            f'{side}/camera_info: a region of interest that moves with '
            'rectification (do_rectify) is not supported: publish the '
            'whole image', cause='roi')
    return Intrinsics(window[0] // bins[0], window[1] // bins[1],
                      matrix[0] / bins[0], matrix[4] / bins[1],
                      (matrix[2] - left) / bins[0], (matrix[5] - top) / bins[1])
