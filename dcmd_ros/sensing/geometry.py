"""Depth to points, and points to surface normals."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.depth import NEAREST
from dcmd_ros.sensing.message import MessageError
from dcmd_ros.sensing.plane import Plane, height_above, plane_of, rotate_to_plane
from dcmd_ros.sensing.slopes import reach, slopes

__all__ = ['Plane', 'fit_intrinsics', 'height_above', 'measured', 'normals', 'normals_of_xyz',
           'plane_of', 'rotate_to_plane', 'unproject', 'unproject_rays']

FITTED = 20000
BAND = 48  # rows


def unproject(depth: NDArray[np.float32], intrinsics: Intrinsics) -> NDArray[np.float32]:
    """Depth (H, W) metres -> (H, W, 3) metres in the optical frame, (0, 0, 0) where missing."""
    x, y = _pinhole_rays(depth.shape[0], depth.shape[1], intrinsics)
    return _stacked(depth * x, depth * y, depth)


def unproject_rays(depth: NDArray[np.float32],
                   rays: NDArray[np.float32]) -> NDArray[np.float32]:
    """
    Depth (H, W) metres -> (H, W, 3) along `registration.ray_table`: lens distortion honoured.

    (0, 0, 0) where depth, or the ray, is missing.
    """
    seen = np.where(np.isfinite(rays[..., 0]), depth, np.float32(0))
    x, y = (np.nan_to_num(rays[..., axis]) for axis in range(2))
    return _stacked(seen * x, seen * y, seen)


def measured(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where points or normals (H, W, 3) are there: (H, W), False at (0, 0, 0)."""
    return (vectors[..., 0] != 0) | (vectors[..., 1] != 0) | (vectors[..., 2] != 0)


def fit_intrinsics(xyz: NDArray[np.float32]) -> Intrinsics:
    """
    The pinhole camera whose pixel grid xyz (H, W, 3) is, by least squares.

    :raises MessageError: `calibration` where it is none: under 100 points, all on one row or
        column, or half of them more than a pixel off.
    """
    rows, columns = np.nonzero(xyz[..., 2] > NEAREST)
    every = max(1, len(rows) // FITTED)
    rows, columns = rows[::every], columns[::every]
    points = xyz[rows, columns].astype(np.float64)
    fits = []
    for places, axis in ((columns, 0), (rows, 1)):
        ray = points[:, axis] / points[:, 2]
        if len(ray) < 100 or ray.std() < 1e-6:
            raise MessageError('xyz holds too few points to fit a camera to', cause='calibration')
        focal, centre = np.polyfit(ray, places, 1)
        if focal <= 0 or np.median(np.abs(focal * ray + centre - places)) > 1:
            raise MessageError(
                'xyz is not the image of a pinhole camera: give the '
                'intrinsics', cause='calibration')
        fits.append((float(focal), float(centre)))
    (fx, cx), (fy, cy) = fits
    return Intrinsics(xyz.shape[1], xyz.shape[0], fx, fy, cx, cy)


def normals(depth: NDArray[np.float32], intrinsics: Intrinsics, sigma: float,
            mask: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """
    Unit surface normals (H, W, 3) float32 that face the camera, in the optical frame (REP 103).

    depth (H, W) metres is smoothed with a Gaussian of `sigma` pixels inside `mask` (H, W) only:
    missing depth and what is off the mask never bleed in. In inverse depth, in which every plane
    is a straight line of the pixel coordinates, so planes come out exact up to the mask's border.
    (0, 0, 0) where depth is missing, off the mask, or with too few neighbours.
    """
    x, y = _pinhole_rays(depth.shape[0], depth.shape[1], intrinsics)

    def band(rows: slice, columns: slice, valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        (w,), usable = slopes([_inverse(depth[rows, columns])], valid, sigma)
        nx = w.by_u * np.float32(-intrinsics.fx)
        ny = w.by_v * np.float32(-intrinsics.fy)
        return _unit(nx, ny, -(w.value + x[:, columns] * nx + y[rows] * ny), usable)

    return _by_bands(band, _measured_depth(depth, mask), sigma)


def normals_of_xyz(xyz: NDArray[np.float32], sigma: float,
                   mask: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """
    `normals` for points (H, W, 3) of any camera, distorted ones too; about twice as slow.

    Where the camera is a pinhole, `normals(xyz[..., 2], fit_intrinsics(xyz), ...)` is the same.
    """
    def band(rows: slice, columns: slice, valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        points = xyz[rows, columns]
        inverse = _inverse(points[..., 2])
        (x, y, w), usable = slopes(
            [points[..., 0] * inverse, points[..., 1] * inverse, inverse], valid, sigma)
        a = x.by_u * w.value - x.value * w.by_u, y.by_u * w.value - y.value * w.by_u, -w.by_u
        b = x.by_v * w.value - x.value * w.by_v, y.by_v * w.value - y.value * w.by_v, -w.by_v
        nx, ny, nz = (a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1)))
        away = np.sign(nx * x.value + ny * y.value + nz)
        return _unit(-away * nx, -away * ny, -away * nz, usable)

    return _by_bands(band, _measured_depth(xyz[..., 2], mask), sigma)


def _measured_depth(depth: NDArray[np.float32],
                    mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    valid = depth > NEAREST
    return valid if mask is None else valid & mask


def _by_bands(band: Callable[[slice, slice, NDArray[np.bool_]], NDArray[np.float32]],
              valid: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """Normals of the box around `valid`, computed in bands of rows that fit the cache."""
    left, top, width, height = cv2.boundingRect(valid.view(np.uint8))
    columns, halo = slice(left, left + width), reach(sigma)
    result = np.zeros((*valid.shape, 3), np.float32)
    for first in range(top, top + height, BAND):
        last = min(first + BAND, top + height)
        rows = slice(max(top, first - halo), min(last + halo, top + height))
        found = band(rows, columns, valid[rows, columns])
        result[first:last, columns] = found[first - rows.start:last - rows.start]
    return result


def _pinhole_rays(height: int, width: int,
                  i: Intrinsics) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """x / z of the columns (1, W) and y / z of the rows (H, 1)."""
    x = (np.arange(width) - i.cx) / i.fx
    y = (np.arange(height) - i.cy) / i.fy
    return x.astype(np.float32)[np.newaxis], y.astype(np.float32)[:, np.newaxis]


def _inverse(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.reciprocal(np.maximum(depth, np.float32(NEAREST)))


def _unit(nx: NDArray[np.float32], ny: NDArray[np.float32], nz: NDArray[np.float32],
          usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    scale = usable / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-30))
    return _stacked(nx * scale, ny * scale, nz * scale)


def _stacked(*channels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.merge(channels), np.float32)
