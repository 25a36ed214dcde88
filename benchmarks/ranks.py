"""Rank correlation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def spearman(one: ArrayLike, other: ArrayLike) -> float:
    """Spearman's, ties sharing their rank; NaN where either is constant."""
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1]) if all(np.ptp(r) > 0 for r in ranks) else math.nan


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return ((values[:, None] > values).sum(1) + (values[:, None] >= values).sum(1)) / 2.0
