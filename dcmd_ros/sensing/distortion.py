"""Lens distortion of rays and back (sensor_msgs/distortion_models.hpp, OpenCV's formulas)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# Model -> numbers of coefficients that it may have. OpenCV's rational model goes on after the
# eight with four of the thin prism, then two of a tilted sensor (those are not read here).
COEFFICIENTS: dict[str, tuple[int, ...]] = {
    'plumb_bob': (4, 5),
    'rational_polynomial': (8, 12),
    'equidistant': (4,),
}
STEP = 1e-4  # of the numeric derivative
CLOSE, NEAR = 1e-6, 1e-4  # what a ray may miss its point by: to stop, to be one at all
ROUNDS = 8
STEEPEST = 10.0  # x / z of the widest ray looked at


def distort(rays: NDArray[np.float64], model: str, d: Sequence[float]) -> NDArray[np.float64]:
    """
    Where rays (N, 2), as x / z and y / z, fall on the normalised image plane (z = 1).

    plumb_bob and rational_polynomial: OpenCV's calib3d model, k1 k2 p1 p2 k3 k4 k5 k6 s1 to s4;
    equidistant: Kannala and Brandt 2006 through cv2.fisheye; `none`: the rays themselves.
    """
    if model == 'none':
        return rays
    if model == 'equidistant':
        points = cv2.fisheye.distortPoints(rays.reshape(1, -1, 2), np.eye(3), np.asarray(d))
        return np.asarray(points, np.float64).reshape(-1, 2)
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = [*d, *[0.0] * (12 - len(d))]
    x, y = rays[:, 0], rays[:, 1]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    return np.stack([
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x) + r2 * (s1 + s2 * r2),
        y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y + r2 * (s3 + s4 * r2)], axis=1)


def undistort(points: NDArray[np.float64], model: str, d: Sequence[float]) -> NDArray[np.float64]:
    """
    Rays (N, 2) that fall on `points` (N, 2) of the normalised image plane; NaN where none does.

    OpenCV's iteration gives the start, Newton's method the rest. A ray beyond the fold, where
    the polynomial turns back on itself, is none.
    """
    if model == 'none':
        return points
    with np.errstate(all='ignore'):
        rays = _start(points, model, d)
        missed = points - distort(rays, model, d)
        for _ in range(ROUNDS):
            off = np.flatnonzero(np.abs(missed).max(axis=1) > CLOSE)
            if not off.size:
                break
            rays[off] += _newton(rays[off], missed[off], model, d)
            missed[off] = points[off] - distort(rays[off], model, d)
        found = (np.abs(missed).max(axis=1) < NEAR) & ((rays * rays).sum(axis=1) < fold(
            model, tuple(d)) ** 2)
    rays[~found] = np.nan
    return rays


@lru_cache(maxsize=8)
def fold(model: str, d: tuple[float, ...]) -> float:
    """Length of a ray beyond which the polynomial turns back on itself and means nothing."""
    length = np.linspace(0, STEEPEST, 2001)
    with np.errstate(all='ignore'):
        image = distort(np.stack([length, np.zeros_like(length)], axis=1), model, d)[:, 0]
    back = np.flatnonzero(~(np.diff(image) > 0))
    return float(length[back[0]]) if back.size else float('inf')


def _start(points: NDArray[np.float64], model: str, d: Sequence[float]) -> NDArray[np.float64]:
    if model == 'equidistant':
        rays = cv2.fisheye.undistortPoints(points.reshape(1, -1, 2), np.eye(3), np.asarray(d))
    else:
        rays = cv2.undistortPoints(points.reshape(-1, 1, 2), np.eye(3), np.asarray(d))
    return np.array(rays, np.float64).reshape(-1, 2)


def _newton(rays: NDArray[np.float64], missed: NDArray[np.float64], model: str,
            d: Sequence[float]) -> NDArray[np.float64]:
    """One step of Newton's method, the derivative by central differences."""
    (a, c), (b, e) = (
        (distort(rays + s, model, d) - distort(rays - s, model, d)).T / (2 * STEP)
        for s in STEP * np.eye(2))
    u, v = missed.T
    return np.stack([e * u - b * v, a * v - c * u], axis=1) / (a * e - b * c)[:, np.newaxis]
