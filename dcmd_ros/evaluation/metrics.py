"""
How well scores and maps tell defective parts from good ones.

Areas are over all distinct scores (no threshold grid). AUPRO follows the definition of the MVTec
3D-AD benchmark (Bergmann et al., 2022): overlap averaged over the 8-connected truth regions of all
images, against the false-positive rate over all defect-free pixels, integrated by trapezoids up to
a limit, the end point interpolated, divided by the limit.

What could not be scored (NaN) counts as the lowest score: a defect there is a miss. Where a figure
is not defined (no good part, no defect, no truth) it is NaN, with a `MetricWarning`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dcmd_ros.inspection import THRESHOLD

Floats = NDArray[np.float64]
Interval = tuple[float, float]
METRICS = ('i_auroc', 'p_auroc', 'image_aupr', 'pixel_aupr', 'aupro30', 'aupro1', 'f1', 'far',
           'confidence_rgb', 'confidence_depth')

SHIFT = 8  # bits of a float32 that a level drops: a level is at most 1/32768 of its value wide
HALF = int(np.float32(0.5).view(np.uint32)) >> SHIFT
LEVELS = 2 * HALF + 1


class MetricWarning(UserWarning):
    """A figure is not defined for these samples."""


def undefined(text: str) -> float:
    """NaN, said aloud."""
    warnings.warn(text, MetricWarning, stacklevel=3)
    return float('nan')


@contextmanager
def warnings_as_notes() -> Iterator[list[str]]:
    """The list holds, once the block is left, what was found undefined in it, each once."""
    notes: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always', MetricWarning)
        yield notes
    notes += dict.fromkeys(str(one.message) for one in caught)


def mean_of(values: Sequence[float]) -> float:
    """The mean of what is not NaN, NaN where nothing is left."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float('nan')


def area(x: Floats, y: Floats) -> float:
    """Area under the polyline through (x, y) by trapezoids; y is at most 1."""
    return min(float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2), float(x[-1] - x[0]))


def area_up_to(limit: float, x: Floats, y: Floats) -> float:
    """Mean of the polyline from x = 0 to the limit, its value there interpolated."""
    below = x < limit
    return area(np.append(x[below], limit), np.append(y[below], np.interp(limit, x, y))) / limit


def rates(counts: NDArray[np.generic]) -> Floats:
    """Cumulative shares of `counts`, from 0 to 1, one longer than `counts`."""
    total = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64)))
    return total / total[-1]


def average_precision(positives: NDArray[np.generic], negatives: NDArray[np.generic]) -> float:
    """Sum of precision times recall gained, from the highest score down, ties as one step."""
    hits = np.cumsum(positives, dtype=np.float64)
    alarms = hits + np.cumsum(negatives, dtype=np.float64)
    return min(1.0, float(np.sum(np.diff(rates(positives)) * hits / alarms)))


def lowest_if_nan(scores: ArrayLike) -> Floats:
    """The scores with -inf for NaN."""
    values = np.asarray(scores, dtype=np.float64)
    return np.where(np.isnan(values), -np.inf, values)


def tally(anomalous: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Defective and good samples at each distinct score, from the highest down."""
    truth = np.asarray(anomalous, dtype=bool)
    distinct, where = np.unique(lowest_if_nan(scores), return_inverse=True)
    defective = np.bincount(where[truth], minlength=distinct.size)
    good = np.bincount(where[~truth], minlength=distinct.size)
    return defective[::-1], good[::-1]


def one_class(anomalous: ArrayLike) -> bool:
    """Whether there are only good or only defective samples."""
    truth = np.asarray(anomalous, dtype=bool)
    return bool(truth.all() or not truth.any())


def roc(anomalous: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    """False and true positive rates from (0, 0) to (1, 1), a point for each distinct score."""
    defective, good = tally(anomalous, scores)
    return rates(good), rates(defective)


def i_auroc(anomalous: ArrayLike, scores: ArrayLike) -> float:
    """The chance that a defective sample scores above a good one, ties counted half."""
    if one_class(anomalous):
        return undefined('image AUROC needs good and defective samples')
    return area(*roc(anomalous, scores))


def image_aupr(anomalous: ArrayLike, scores: ArrayLike) -> float:
    """Average precision of the samples' scores, defective is positive."""
    if one_class(anomalous):
        return undefined('image AUPR needs good and defective samples')
    return average_precision(*tally(anomalous, scores))


def f1(anomalous: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD) -> float:
    """F1 of `score >= threshold`, defective is positive."""
    truth = np.asarray(anomalous, dtype=bool)
    if not truth.any():
        return undefined('image F1 needs defective samples')
    alarm = lowest_if_nan(scores) >= threshold
    return float(2 * np.sum(alarm & truth) / (np.sum(alarm) + np.sum(truth)))


def far(anomalous: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Share of the good samples that reach the threshold."""
    good = ~np.asarray(anomalous, dtype=bool)
    if not good.any():
        return undefined('the false-alarm rate needs good samples')
    return float(np.mean(lowest_if_nan(scores)[good] >= threshold))


def image_metrics(anomalous: ArrayLike, scores: ArrayLike) -> dict[str, float]:
    """The contract's four figures of an image score in (0, 1)."""
    return {'i_auroc': i_auroc(anomalous, scores), 'image_aupr': image_aupr(anomalous, scores),
            'f1': f1(anomalous, scores), 'far': far(anomalous, scores)}


def wilson_interval(hits: int, trials: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of a rate; (0, 1) where nothing was tried (Wilson, 1927)."""
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate, shrink = hits / trials, 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / shrink
    reach = z / shrink * ((rate * (1 - rate) + z * z / (4 * trials)) / trials) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)


def auroc_interval(anomalous: ArrayLike, scores: ArrayLike, rng: np.random.Generator,
                   level: float = 0.95, repeats: int = 2000) -> Interval:
    """Percentile bootstrap interval of `i_auroc`, good and defective parts drawn apart."""
    truth, values = np.asarray(anomalous, dtype=bool), lowest_if_nan(scores)
    if one_class(truth):
        return float('nan'), float('nan')
    bad, good = values[truth], values[~truth]
    wins = (bad[:, None] > good) + 0.5 * (bad[:, None] == good)
    draw_bad = rng.multinomial(bad.size, np.full(bad.size, 1 / bad.size), repeats)
    draw_good = rng.multinomial(good.size, np.full(good.size, 1 / good.size), repeats)
    areas = np.sum((draw_bad @ wins) * draw_good, axis=1) / (bad.size * good.size)
    low, high = np.quantile(areas, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def regions(truth: NDArray[np.bool_]) -> tuple[int, Floats]:
    """The number of 8-connected regions, and for each of their pixels 1 / (region's size)."""
    count, labels = cv2.connectedComponents(truth.astype(np.uint8), connectivity=8)
    inside = labels[truth]
    return count - 1, 1 / np.bincount(inside, minlength=1)[inside]


def levels_of(values: NDArray[np.floating]) -> NDArray[np.int64]:
    """
    Order-keeping integers in [0, LEVELS) of values in [0, 1], NaN as 0.

    The leading bits of the float32, mirrored above 0.5: equally fine at both ends, where
    a sigmoid crowds its values.
    """
    x = np.nan_to_num(np.asarray(values, dtype=np.float32), nan=0.0) + np.float32(0)
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(f'map values must lie in [0, 1], not [{x.min():g}, {x.max():g}]')
    upper = x > 0.5
    level = (np.where(upper, 1 - x, x).view(np.uint32) >> SHIFT).astype(np.int64)
    return np.where(upper, LEVELS - 1 - level, level)


class PixelScores:
    """
    Gathers maps and truths, then gives the pixel metrics.

    Memory does not grow with the images: counts for each of LEVELS score levels (their pages
    are touched, so paid for, only where scores fall). Against sorting all pixels the areas differ
    by less than 1e-4, also where all scores crowd into a twentieth of the range.
    """

    def __init__(self) -> None:
        self.used = np.zeros(LEVELS, dtype=bool)
        self.good = np.zeros(LEVELS, dtype=np.int64)
        self.defective = np.zeros(LEVELS, dtype=np.int64)
        self.overlap = np.zeros(LEVELS)
        self.regions = 0

    def add(self, scores: NDArray[np.floating], truth: NDArray[np.bool_] | None) -> None:
        """One (H, W) map in [0, 1] and its (H, W) truth, None where every pixel is good."""
        levels = levels_of(scores)
        self.used[levels] = True
        if truth is None:
            np.add.at(self.good, levels.ravel(), 1)
            return
        count, weights = regions(truth)
        self.regions += count
        np.add.at(self.good, levels[~truth], 1)
        np.add.at(self.defective, levels[truth], 1)
        np.add.at(self.overlap, levels[truth], weights)

    def metrics(self) -> dict[str, float]:
        """The contract's four pixel figures."""
        used = np.flatnonzero(self.used)[::-1]
        good, defective = self.good[used], self.defective[used]
        if not (good.any() and defective.any()):
            nan = undefined('pixel metrics need pixels with and without a defect')
            return dict.fromkeys(('p_auroc', 'pixel_aupr', 'aupro30', 'aupro1'), nan)
        alarms, overlaps = rates(good), rates(self.overlap[used])
        return {'p_auroc': area(alarms, rates(defective)),
                'pixel_aupr': average_precision(defective, good),
                'aupro30': area_up_to(0.30, alarms, overlaps),
                'aupro1': area_up_to(0.01, alarms, overlaps)}
