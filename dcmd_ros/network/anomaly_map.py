"""Evidence on the network's grid -> the anomaly map on the frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.inspection import THRESHOLD
from dcmd_ros.network.fitting import Fitting
from dcmd_ros.network.preparation import View
from dcmd_ros.network.resizing import placed, resized

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SPECK_BAND = np.float32(0.002)


def score_of(excess: NDArray[np.floating]) -> Map:
    """
    Evidence above the threshold u -> score in (0, 1): (1 + u / (1 + |u|)) / 2, 0.5 at u = 0.

    Algebraic, not exponential: it nears 1 so slowly that float32 still tells two strong defects
    apart where a logistic function has long saturated.
    """
    u = np.asarray(excess, np.float32)
    return (np.float32(0.5) * (1 + u / (1 + np.abs(u)))).astype(np.float32)


def anomaly_map(excess: Map | None, known: Mask | None, part: Mask, view: View,
                fit: Fitting) -> Map:
    """
    (H, W) scores of the frame: 0 off the part, NaN on the part where nothing is known.

    :param excess: (S/4, S/4) evidence above the threshold, None where nothing was scored.
    :param known: (S/4, S/4) where there is evidence.
    :param part: (S, S), the part.
    """
    side = view.box[2]
    whole = resized(part, side)
    if excess is None or known is None or not known.any():
        return np.where(_on_frame(whole, view, fit), np.float32(np.nan), np.float32(0))
    filled = np.where(known, excess, excess[known].min())
    layers = [whole, resized(known, side), score_of(resized(filled, side))]
    if fit.same:
        return _on_frame(_composed(*layers), view, fit)
    return _composed(*(_on_frame(layer, view, fit) for layer in layers))


def _composed(whole: Mask, seen: Mask, scores: Map) -> Map:
    return np.where(whole, np.where(seen, scores, np.float32(np.nan)), np.float32(0))


def spread_out(cells: Map, part: Mask, view: View, fit: Fitting) -> Map:
    """A map of any grid on the frame, (H, W); NaN off the part (S, S)."""
    side = view.box[2]
    whole = _on_frame(resized(part, side), view, fit)
    return np.where(whole, _on_frame(resized(cells, side), view, fit), np.float32(np.nan))


def _on_frame(image: NDArray, view: View, fit: Fitting) -> NDArray:
    shape = (view.intrinsics.height, view.intrinsics.width)
    if image.dtype == bool:
        whole = placed(image, view.box, shape).astype(np.uint8)
        return fit.to_frame(whole, cv2.INTER_NEAREST) > 0
    return fit.to_frame(placed(image, view.box, shape), cv2.INTER_LINEAR)


def without_specks(scores: Map, smallest: int) -> Map:
    """
    The map with the regions at or above the threshold that have fewer pixels than `smallest`
    squeezed, in order, right below the threshold: (0.5, 1) -> (0.498, 0.5). So they raise no
    alarm, and the score stays the largest value of the map and increasing in the evidence.
    """
    if smallest <= 1:
        return scores
    alarming = np.nan_to_num(scores) >= THRESHOLD
    count, labels, stats, _ = cv2.connectedComponentsWithStats(alarming.astype(np.uint8),
                                                               connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < smallest
    small[0] = False
    speck = small[labels]
    squeezed = np.float32(THRESHOLD) - _SPECK_BAND * (1 - scores)
    return np.where(speck, squeezed, scores)


def alarm_mask(scores: Map) -> NDArray[np.uint8]:
    """255 where the map reaches the threshold, else 0."""
    return (scores >= THRESHOLD).view(np.uint8) * np.uint8(255)
