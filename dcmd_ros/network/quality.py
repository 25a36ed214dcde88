"""How trustworthy a sensor's picture of the part is, by plain image statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.pieces import around
from dcmd_ros.sensing.quantile import quantile

Quality = Mapping[str, float]
Ranges = Mapping[str, tuple[float, float]]

TRUSTED = 0.25
_OCTAVE = float(np.log(2.0))  # beyond the training range by this, trust is halved
_STEP = {'across': 0.16, 'down': 0.16}  # the same of what is no ratio, in its own unit
# Times as soon, below and above the range: noise doubles the detail of a rough part only once, and
# a part that lies elsewhere still overlaps.
_STEEP = {'detail': (1.0, 2.0), 'disagreement': (1.0, 2.0)}
# Only upwards is worse (+1), only downwards (-1), both (0).
_WORSE = {'brightness': 0, 'detail': 0, 'saturation': 1, 'seen': -1, 'noise': 1,
          'view_brightness': 0, 'view_seen': -1, 'shift': 1,
          'disagreement': 1, 'across': 0, 'down': 0}
_FLOOR = {'brightness': 1.0, 'detail': 0.3, 'saturation': 0.05, 'seen': 0.01, 'noise': 1e-6,
          'view_brightness': 1.0, 'view_seen': 0.01, 'shift': 0.01,
          'disagreement': 0.02}


def colour_quality(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Quality:
    """
    brightness (median), detail (usual Laplacian, blur lowers and noise raises it) and saturation
    (share of pixels with a channel at its end) of colour (S, S, 3) inside the mask.

    Without a part, the brightness of the whole view.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if not mask.any():
        return {'view_brightness': float(np.median(grey))}
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_16S)[_inner(mask)]).astype(np.float32)
    return {'brightness': quantile(grey[mask]),
            'detail': float(np.minimum(edges, np.float32(quantile(edges, 0.8))).mean()),
            'saturation': _share(_brightest(rgb) >= 250, mask)}


def _share(of: NDArray[np.bool_], mask: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(of & mask) / np.count_nonzero(mask))


def _brightest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W), the largest channel; many times as fast as `max(axis=-1)`."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def depth_quality(depth: NDArray[np.float32], mask: NDArray[np.bool_]) -> Quality:
    """
    seen (share measured) and noise (median second difference, relative to the distance) of
    depth (H, W) inside the mask. Without a part, the share of the whole view that was measured.
    """
    if not mask.any():
        return {'view_seen': float(np.count_nonzero(depth > 0) / depth.size)}
    near = around(mask, 1)
    depth, mask = np.ascontiguousarray(depth[near]), mask[near]
    seen = depth > 0
    quality = {'seen': _share(seen, mask)}
    whole = _inner(seen) & mask
    if np.count_nonzero(whole) > 20:
        kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
        rough = np.abs(cv2.filter2D(depth, cv2.CV_32F, kernel)[whole])
        quality['noise'] = quantile(rough) / quantile(depth[whole])
    return quality


def _inner(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    inner = cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return inner if inner.any() else mask


def usual_ranges(seen: Sequence[Quality]) -> dict[str, tuple[float, float]]:
    """Lowest and highest of each statistic over good training frames."""
    names = {name for quality in seen for name in quality}
    values = {name: [q[name] for q in seen if name in q] for name in sorted(names)}
    return {name: (min(found), max(found)) for name, found in values.items()}


def confidence(quality: Quality, usual: Ranges) -> float:
    """
    Trust in [0, 1]: 1 inside the training frames' range, halved by an octave outside, a sixteenth
    after two.

    The statistics are medians and shares over the whole part: a defect hardly moves them.
    """
    if not quality:
        return 0.0
    trust = 1.0
    for name, value in quality.items():
        if name in usual:
            trust *= _trust(name, value, usual[name])
    return trust


def _trust(name: str, value: float, usual: tuple[float, float]) -> float:
    low, high, here = (_octaves(name, v) for v in (*usual, value))
    worse = _WORSE[name]
    below, above = _STEEP.get(name, (1.0, 1.0))
    beyond = max(0.0 if worse > 0 else below * (low - here),
                 0.0 if worse < 0 else above * (here - high), 0.0)
    return float(np.exp(-beyond ** 2 * _OCTAVE))


def _octaves(name: str, value: float) -> float:
    if name in _STEP:
        return value / _STEP[name]
    return float(np.log(max(value, 0.0) + _FLOOR[name])) / _OCTAVE
