"""Brings depth, or a point cloud, onto the pixels of the colour image."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.camera_model import (
    CameraModel,
    RegistrationError,
    camera_model,
    check_image_size,
    is_rectified,
)
from dcmd_ros.sensing.depth import MAX_DEPTH, NEAREST
from dcmd_ros.sensing.distortion import distort, fold, undistort

__all__ = ['CameraModel', 'RegistrationError', 'camera_model', 'check_frames', 'check_image_size',
           'is_rectified', 'project_cloud', 'ray_table', 'register_depth']

BEHIND = 0.03  # a point this share of its distance behind a neighbour shines through a gap
DENSE = 0.9  # share of pixels that points hit, above which a cloud has no gaps to close
REACH = 4  # pixels, the widest gap to close is twice this


def check_frames(rgb_frame_id: str, depth_frame_id: str) -> None:
    """
    Refuse depth that was not measured in colour's optical frame; an empty id says nothing.

    :raises RegistrationError: `frames`, naming both and what to switch on.
    """
    names = rgb_frame_id.lstrip('/'), depth_frame_id.lstrip('/')
    if all(names) and names[0] != names[1]:
        raise RegistrationError(
            f'depth is in frame {names[1]!r}, colour in {names[0]!r}: depth must be '
            'registered to colour. RealSense: align_depth.enable:=true and remap '
            'depth/image to aligned_depth_to_color/image_raw; Orbbec: '
            'depth_registration:=true; other cameras: the register node of '
            'depth_image_proc', cause='frames')


@lru_cache(maxsize=8)
def ray_table(model: CameraModel) -> NDArray[np.float32]:
    """
    The viewing ray of every pixel, (H, W, 2) float32: x / z and y / z; NaN where none is seen.

    Cached, read-only; `geometry.unproject_rays` turns depth into points with it.
    """
    i = model.intrinsics
    u, v = np.meshgrid((np.arange(i.width) - i.cx) / i.fx, (np.arange(i.height) - i.cy) / i.fy)
    points = np.stack([u.ravel(), v.ravel()], axis=1)
    rays = undistort(points, model.distortion, model.D).astype(np.float32)
    table = rays.reshape(i.height, i.width, 2)
    table.flags.writeable = False
    return table


def register_depth(depth: NDArray[np.float32], depth_model: CameraModel,
                   rgb_model: CameraModel) -> NDArray[np.float32]:
    """
    Depth (H, W) on RGB's pixel grid: same optical frame, other size, intrinsics or distortion.

    Each RGB pixel takes the nearest depth pixel of its viewing ray; values are never mixed, so
    none appears between two surfaces. 0 where the depth camera does not look. Depth of an equal
    camera comes back as it is, not copied.

    :raises RegistrationError: `size` where the depth image is not what depth_model describes.
    """
    check_image_size(depth.shape, depth_model, 'depth')
    if depth_model == rgb_model:
        return depth
    pixels = _sources(depth_model, rgb_model)
    registered = cv2.remap(depth, pixels, None, cv2.INTER_NEAREST,  # type: ignore[call-overload]
                           borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(registered, np.float32)


def project_cloud(points: NDArray[np.float32], model: CameraModel,
                  transform: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """
    Depth (H, W) float32 metres of a cloud, (N, 3) or (H, W, 3), seen by the camera `model`.

    `transform`, 4x4, takes points into the camera's optical frame (REP 103). The nearest point
    of a pixel wins. Where points lie sparser than pixels, each covers the square up to half
    their typical distance (REACH pixels at most): pixels without a point, and points that
    shine through from behind, take the nearest point of that square. 0 elsewhere.
    """
    x, y, z = _in_front(points, transform)
    depth = np.full(model.size, np.inf, np.float32)
    with np.errstate(over='ignore', invalid='ignore'):
        columns, rows, seen = _pixels(x / z, y / z, model)
    np.minimum.at(depth.ravel(), (rows * model.size[1] + columns)[seen], z[seen])
    depth = _without_gaps(depth)
    depth[np.isinf(depth)] = 0
    return depth


def _in_front(points: NDArray[np.float32],
              transform: NDArray[Any] | None) -> tuple[NDArray[np.float32], ...]:
    """x, y, z (N,) in the camera's frame of the points that are there and not behind it."""
    x, y, z = (np.ascontiguousarray(column) for column in points.reshape(-1, 3).T)
    there = (z != 0) | (x != 0) | (y != 0)
    if transform is not None:
        matrix = np.asarray(transform, np.float32)
        x, y, z = (row[0] * x + row[1] * y + row[2] * z + row[3] for row in matrix[:3])
    there &= (z > NEAREST) & (z <= MAX_DEPTH)
    return (x, y, z) if there.all() else (x[there], y[there], z[there])


def _pixels(x: NDArray[Any], y: NDArray[Any], model: CameraModel,
            ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    """Columns and rows on which rays x / z, y / z fall, and which of them the camera sees."""
    i = model.intrinsics
    inside = np.ones(x.shape, bool)
    if model.distorted:
        inside = x * x + y * y < fold(model.distortion, model.D) ** 2
        rays = np.stack([x, y], axis=1).astype(np.float64)
        x, y = distort(rays, model.distortion, model.D).astype(np.float32).T
    u, v = (place * np.float32(focal) + np.float32(centre + 0.5)
            for place, focal, centre in ((x, i.fx, i.cx), (y, i.fy, i.cy)))
    inside &= (u >= 0) & (u < i.width) & (v >= 0) & (v < i.height)
    if not inside.all():
        u, v = np.where(inside, u, np.float32(0)), np.where(inside, v, np.float32(0))
    return u.astype(np.int32), v.astype(np.int32), inside


@lru_cache(maxsize=4)
def _sources(depth_model: CameraModel, rgb_model: CameraModel) -> NDArray[np.int16]:
    """For every RGB pixel the depth pixel (column, row) on its ray, (-1, -1) where none is."""
    x, y = np.nan_to_num(ray_table(rgb_model), nan=np.inf).reshape(-1, 2).T
    with np.errstate(invalid='ignore', over='ignore'):
        columns, rows, seen = _pixels(x, y, depth_model)
    pixels = np.where(seen, np.stack([columns, rows]), -1).astype(np.int16)
    return np.ascontiguousarray(pixels.T).reshape(*rgb_model.size, 2)


def _without_gaps(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Close what lies between the points of a sparse cloud; inf = no point."""
    tile = 16
    hit = cv2.boxFilter(np.isfinite(depth).astype(np.float32), -1, (tile, tile))[::tile, ::tile]
    share = float(np.median(hit[hit > 0])) if (hit > 0).any() else 1.0
    if share > DENSE:
        return depth
    reach = min(REACH, int(np.ceil((share ** -0.5 - 1) / 2)))
    nearest = cv2.erode(depth, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8),
                        borderType=cv2.BORDER_REPLICATE)
    return np.where(depth > nearest * (1 + BEHIND), nearest, depth)
