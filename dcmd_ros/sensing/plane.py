"""The plane that parts lie on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SAMPLE = 4000
TRIALS, SCORED = 256, 1000
TOLERANCE = 0.005  # share of the median distance


@dataclass(frozen=True)
class Plane:
    """
    Points p with normal . p + offset = 0, in metres in the optical frame.

    The unit normal faces the camera, so that offset > 0 is the camera's distance.
    """

    normal: tuple[float, float, float]
    offset: float

    @property
    def rotation(self) -> NDArray[np.float64]:
        """
        3x3, from the optical frame to the plane's: z along the normal, x to the right and y up.

        The smallest turn after half a turn about x, hence steady where the camera looks
        straight down.
        """
        half_turn = np.diag([1.0, -1.0, -1.0])
        x, y, z = half_turn @ self.normal
        turn = np.array([[1 - x * x / (1 + z), -x * y / (1 + z), -x],
                         [-x * y / (1 + z), 1 - y * y / (1 + z), -y],
                         [x, y, z]])
        return turn @ half_turn


def plane_of(xyz: NDArray[np.float32], mask: NDArray[np.bool_] | None, rng: np.random.Generator,
             tolerance: float | None = None) -> Plane | None:
    """
    The plane that most points of xyz (H, W, 3) inside the mask (H, W) lie on.

    Three random points propose, a truncated squared distance scores (MSAC, Torr and Zisserman
    2000), least squares over the inliers refines, all on a random sample of 4000 points.
    `tolerance` in metres; default 0.5 % of the median distance. None where the points span
    no plane.
    """
    valid = xyz[..., 2] > 0 if mask is None else mask & (xyz[..., 2] > 0)
    places = np.flatnonzero(valid)
    if places.size < 3:
        return None
    chosen = places if places.size <= SAMPLE else rng.choice(places, SAMPLE)
    points = xyz.reshape(-1, 3)[chosen].astype(np.float64)
    limit = TOLERANCE * float(np.median(points[:, 2])) if tolerance is None else tolerance
    found = _propose(points, limit, rng)
    return None if found is None else _refine(points, *found, limit)


def height_above(xyz: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
    """Metres (H, W) float32 above the plane, towards the camera; 0 where xyz is missing."""
    row = np.array([[*plane.normal, plane.offset]], np.float32)
    height = np.asarray(cv2.transform(xyz, row), np.float32).reshape(xyz.shape[:2])
    return np.where(xyz[..., 2] > 0, height, np.float32(0))


def rotate_to_plane(normals: NDArray[np.float32], plane: Plane) -> NDArray[np.float32]:
    """
    Normals (H, W, 3) in the plane's frame (`Plane.rotation`): the plane's own is (0, 0, 1).

    (0, 0, 0) stays (0, 0, 0).
    """
    return np.asarray(cv2.transform(normals, plane.rotation.astype(np.float32)), np.float32)


def _propose(points: NDArray[np.float64], limit: float,
             rng: np.random.Generator) -> tuple[NDArray[np.float64], float] | None:
    a, b, c = points[rng.integers(0, len(points), (3, TRIALS))]
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    spans = lengths > 1e-12
    if not spans.any():
        return None
    normals = normals[spans] / lengths[spans, np.newaxis]
    offsets = -(normals * a[spans]).sum(axis=1)
    scored = points[rng.permutation(len(points))[:SCORED]]
    distances = np.abs(scored @ normals.T + offsets)
    best = int(np.argmin((np.minimum(distances, limit) ** 2).sum(axis=0)))
    return normals[best], float(offsets[best])


def _refine(points: NDArray[np.float64], normal: NDArray[np.float64], offset: float,
            limit: float) -> Plane | None:
    for _ in range(3):
        inliers = points[np.abs(points @ normal + offset) <= limit]
        centre = inliers.mean(axis=0)
        spread, axes = np.linalg.eigh(np.cov((inliers - centre).T))
        if spread[1] <= 1e-6 * spread[2]:
            return None
        normal = axes[:, 0]
        offset = -float(normal @ centre)
    if offset < 0:
        normal, offset = -normal, -offset
    return Plane((float(normal[0]), float(normal[1]), float(normal[2])), offset)
