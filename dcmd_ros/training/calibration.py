"""Scales and thresholds, from good parts that the students have not seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcmd_ros.frame import MODES, Frame, Mode
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.fusion import LEVEL, Scale, Scales, Trust, evidence, fused, grid, measured
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.training.material import TrainingError
from dcmd_ros.training.side_by_side import side_by_side

_SLOPED = 0.25  # of the false-alarm rate, the share that odd slopes may have for themselves
_TAIL = 0.25  # the share of largest scores that an extrapolation goes by


@dataclass(frozen=True)
class HeldOut:
    """Good frames, by number, and a detector whose students have not seen them."""

    detector: Detector
    count: int
    frame: Callable[[int], Frame]


def alone(frame: Frame, mode: Mode) -> Frame:
    """The frame as it is in an availability mode."""
    return replace(frame, rgb=None if mode == 'depth_only' else frame.rgb,
                   depth=None if mode == 'rgb_only' else frame.depth)


def calibrated(held: Sequence[HeldOut], preparation: Preparation, rate: float,
               weights: Mapping[str, float], warn: Callable[[str], None]) -> dict[Mode, Scale]:
    """
    The scales of the first detector in `held`, with thresholds for a false-alarm rate.

    Each detector's maps are standardised by its own held-out parts; after that, the parts of
    all are alike, and one threshold is drawn from all of them. The scale of a mode is such that
    its median part has 0 and its threshold is LEVEL, before sensors stand in for each other.

    :param weights: of the maps where both sensors are there; see `weighing`.
    """
    return scaled([_raw(group, preparation) for group in held], rate, weights, warn)


def scaled(groups: Groups, rate: float, weights: Mapping[str, float],
           warn: Callable[[str], None]) -> dict[Mode, Scale]:
    """`calibrated`, of maps that are there already: for each detector its own, by mode."""
    scales: list[dict[Mode, Scale]] = [{} for _ in groups]
    for mode in ('rgb_only', 'depth_only', 'both'):
        for group, found in zip(groups, scales, strict=True):
            found[mode] = Scale(usual(group[mode]), rate=rate,
                                weights=weights if mode == 'both' else {})
        peaks = _over(groups, scales, mode, Kept.largest)
        if not len(peaks):
            raise TrainingError(f'no part was found in the frames to calibrate {mode} with')
        centre = float(np.median(peaks))
        spread = (decide(peaks, rate)[0] - centre) / LEVEL + 1e-6
        slopes = None if mode == 'rgb_only' else _slopes(
            _over(groups, scales, mode, Kept.steepest), rate)
        for found in scales:
            found[mode] = replace(found[mode], centre=centre, spread=spread, slopes=slopes)
        peaks = _over(groups, scales, mode, Kept.peak)
        threshold, warning = decide(peaks, rate)
        if warning:
            warn(f'{mode}: {warning}')
        for found in scales:
            found[mode] = replace(found[mode], threshold=threshold, parts=len(peaks))
    return scales[0]


def _slopes(steepest: NDArray[np.float64], rate: float) -> tuple[float, float]:
    centre = float(np.median(steepest))
    return centre, max(decide(steepest, rate * _SLOPED)[0], centre + 1e-6)


def decide(peaks: NDArray[np.floating], rate: float) -> tuple[float, str]:
    """
    The threshold that a new good part exceeds with at most probability `rate`.

    The k-th smallest of n held-out scores, k = ceil((n + 1) (1 - rate)), which holds for any
    distribution (split conformal prediction, Vovk et al. 2005) but needs n >= 1 / rate - 1.
    With fewer, an exponential tail is laid through the upper quarter (peaks over threshold),
    never below the largest score; that is an assumption, hence the warning.

    :returns: threshold, and a warning or ''.
    """
    ordered = np.sort(np.asarray(peaks, float))
    n = len(ordered)
    k = math.ceil((n + 1) * (1 - rate))
    if k <= n:
        return float(np.nextafter(ordered[k - 1], np.inf)), ''
    start = float(np.quantile(ordered, 1 - _TAIL))
    mean_excess = float((ordered[ordered >= start] - start).mean())
    reach = start + mean_excess * math.log(_TAIL / rate)
    return max(reach, float(np.nextafter(ordered[-1], np.inf))), (
        f'{n} held-out good parts support a false-alarm rate of {1 / (n + 1):.1%}, not '
        f'{rate:.1%}: the threshold is extrapolated; {math.ceil(1 / rate) - 1} are needed')


@dataclass
class Kept:
    """One frame's raw maps in one mode, and where they count."""

    maps: dict[str, Tensor]
    foreground: Tensor
    valid: Tensor | None
    trust: Trust
    slopes: Tensor | None
    statistics: Tensor | None = None

    @property
    def seen(self) -> Tensor:
        cells = next(iter(self.maps.values())).shape[-1]
        if self.valid is None:
            return grid(self.foreground, cells)
        return measured(self.foreground, self.valid, cells)

    def largest(self, mode: Mode, scales: Scales) -> float:
        """Of the mode's own evidence."""
        seen = self.seen
        return _largest(fused(self.maps, scales[mode], seen), seen)

    def steepest(self, mode: Mode, scales: Scales) -> float:
        """The largest of the odd slopes."""
        assert self.slopes is not None
        return float(self.slopes.max())

    def peak(self, mode: Mode, scales: Scales) -> float:
        """Of the evidence as inspection sees it, with colour's where depth is missing."""
        return _largest(*evidence(self.maps, mode, scales, self.foreground, self.valid,
                                 self.trust, self.slopes, self.statistics))


Groups = Sequence[Mapping[Mode, Sequence[Kept]]]


def _largest(found: Tensor, seen: Tensor) -> float:
    return float(found[seen > 0].max()) if bool((seen > 0).any()) else float('nan')


def keep(detector: Detector, preparation: Preparation, frame: Frame, mode: Mode) -> Kept | None:
    """A frame's raw maps in a mode; None where no part was found."""
    sight = detector.look([preparation(alone(frame, mode))], mode)
    if not bool(sight.part.any()):
        return None
    maps = {name: m.cpu() for name, m in detector.maps(sight).items()}
    trust = {m: t.cpu() for m, t in sight.trust.items()}
    valid = None if sight.valid is None else sight.valid.cpu()
    slopes = None if sight.normals is None else detector.slopes(sight).cpu()
    return Kept(maps, sight.part.cpu(), valid, trust, slopes, sight.statistics.cpu())


def _raw(held: HeldOut, preparation: Preparation) -> dict[Mode, list[Kept]]:
    def look(index: int) -> dict[Mode, Kept | None]:
        frame = held.frame(index)
        return {mode: keep(held.detector, preparation, frame, mode) for mode in MODES}

    found = side_by_side(look, held.count, 'calibrating', held.detector.device)
    return {mode: [kept for looks in found if (kept := looks[mode]) is not None]
            for mode in MODES}


def usual(group: Sequence[Kept]) -> dict[str, tuple[float, float]]:
    """Mean and deviation of each map over the cells of held-out parts."""
    values: dict[str, list[Tensor]] = {}
    for kept in group:
        for name, found in kept.maps.items():
            values.setdefault(name, []).append(found[kept.seen > 0])
    joined = {name: torch.cat(found) for name, found in values.items()}
    return {name: (float(v.mean()), float(v.std()) + 1e-6) for name, v in joined.items()}


def _over(groups: Groups, scales: Sequence[Scales], mode: Mode,
          measure: Callable[[Kept, Mode, Scales], float]) -> NDArray[np.float64]:
    found = [measure(kept, mode, scale) for group, scale in zip(groups, scales, strict=True)
             for kept in group[mode]]
    return np.array([value for value in found if not math.isnan(value)])
