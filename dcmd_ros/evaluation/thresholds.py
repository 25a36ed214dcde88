"""What another threshold would have done."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dcmd_ros.evaluation.metrics import Floats, lowest_if_nan
from dcmd_ros.inspection import THRESHOLD

GRID = np.linspace(0, 1, 501)


def alarm_rates(scores: ArrayLike, thresholds: Floats = GRID) -> Floats:
    """For each threshold the share of `score >= threshold`; NaN scores never are."""
    ordered = np.sort(lowest_if_nan(scores))
    return 1 - np.searchsorted(ordered, thresholds, side='left') / ordered.size


def best_threshold(anomalous: ArrayLike, scores: ArrayLike) -> tuple[float, float]:
    """
    The threshold of the highest F1, and that F1; NaN without both good and defective samples.

    The shipped threshold where none is better. Else halfway down to the next lower score, where
    neither of the two is at stake; of several the highest, which has the fewest alarms.
    """
    truth, values = np.asarray(anomalous, dtype=bool), lowest_if_nan(scores)
    if truth.all() or not truth.any():
        return float('nan'), float('nan')
    distinct, where = np.unique(values, return_inverse=True)
    hits = np.bincount(where[truth], minlength=distinct.size)[::-1].cumsum()[::-1]
    alarms = np.bincount(where, minlength=distinct.size)[::-1].cumsum()[::-1]
    reached = np.append(2 * hits / (alarms + truth.sum()), 0.0)
    reached[:-1][np.isneginf(distinct)] = -1  # no threshold reaches what could not be scored
    best = reached.size - 1 - int(np.argmax(reached[::-1]))
    if reached[np.searchsorted(distinct, THRESHOLD)] == reached[best]:
        return THRESHOLD, float(reached[best])
    lower = distinct[best - 1] if best and np.isfinite(distinct[best - 1]) else distinct[best]
    return float((lower + distinct[best]) / 2), float(reached[best])
