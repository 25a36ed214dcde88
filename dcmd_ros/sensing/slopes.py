"""Local straight-line fits that see nothing outside a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SUPPORT = 0.15  # share of the Gaussian's weight that must lie on the mask
SPREAD = 0.02  # of the determinant that a full neighbourhood has: not all on one line


@dataclass(frozen=True)
class Slope:
    """A fitted plane for each pixel, value + by_u * du + by_v * dv, each (H, W) float32."""

    value: Array
    by_u: Array
    by_v: Array


def slopes(channels: Sequence[Array], mask: NDArray[np.bool_],
           sigma: float) -> tuple[list[Slope], NDArray[np.bool_]]:
    """
    Smooth channels (H, W) with a Gaussian of `sigma` pixels and take their derivatives.

    Each pixel gets the plane that fits its masked neighbours best, weighted by the Gaussian
    (normalised differential convolution, Knutsson and Westin 1993): inside the mask this is the
    derivative of the smoothed channel, at its border and around holes it stays unbiased, and
    what is outside never bleeds in. Channels must be finite everywhere. Also returned, (H, W):
    the masked pixels that had neighbours enough, in both directions.
    """
    weight = mask.view(np.uint8)
    g, gx, gxx = _kernels(sigma)
    m, mu, mv = _filter(weight, g, g), _filter(weight, gx, g), _filter(weight, g, gx)
    share = np.reciprocal(m + np.float32(1e-12))
    uu, vv, uv = _filter(weight, gxx, g), _filter(weight, g, gxx), _filter(weight, gx, gx)
    uu -= mu * mu * share
    vv -= mv * mv * share
    uv -= mu * mv * share
    determinant = uu * vv - uv * uv
    least = np.float32(SPREAD * float(gxx.sum()) ** 2)
    usable = mask & (m > SUPPORT) & (determinant > least)
    inverse = np.reciprocal(np.maximum(determinant, least))
    fits = []
    for channel in channels:
        f = channel * mask
        c = _filter(f, g, g) * share
        cu = _filter(f, gx, g) - mu * c
        cv = _filter(f, g, gx) - mv * c
        by_u = (vv * cu - uv * cv) * inverse
        by_v = (uu * cv - uv * cu) * inverse
        fits.append(Slope(c - (by_u * mu + by_v * mv) * share, by_u, by_v))
    return fits, usable


def reach(sigma: float) -> int:
    """Pixels to each side that a fit looks at."""
    return max(1, int(np.ceil(2.5 * sigma)))


@cache
def _kernels(sigma: float) -> tuple[Array, Array, Array]:
    """A Gaussian that sums to 1, and it times its first and second power of the offset."""
    x = np.arange(-reach(sigma), reach(sigma) + 1)
    g = np.exp(-0.5 * (x / sigma) ** 2)
    g /= g.sum()
    return g.astype(np.float32), (g * x).astype(np.float32), (g * x * x).astype(np.float32)


def _filter(image: NDArray[Any], along_u: Array, along_v: Array) -> Array:
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_32F, along_u, along_v,
                                      borderType=cv2.BORDER_CONSTANT), np.float32)
