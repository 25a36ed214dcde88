"""Which frames of a recording show something new, and which show no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcmd_ros.training.thumbnail import Blocks, Thumbnail

_CERTAIN = 8.0    # deviations of the noise that make a change
_BLOCKS = 4       # so many blocks have to show it
_SHARE = 0.25     # of how much two frames of the recording usually differ
_GRAINS = (4.0, 8.0)  # of grey, of depth: all noise, at most, in that of single pixels
_FLOORS = (0.3, 1e-4)     # levels, of the distance: what exposure and rounding do
_SAMPLES = 2000   # frames that the noise is estimated from
_EMPTY = 0.25     # of the usual part's area
_SPECK = 3        # blocks; less is never a part


@dataclass(frozen=True)
class Scale:
    """Of one kind of image: the noise of each block, and how much two frames usually differ."""

    noise: Blocks
    usual: float

    def tells(self, difference: Blocks) -> bool:
        """Whether the blocks' differences are more than noise and more than a trifle."""
        ratios = np.nan_to_num(np.abs(difference) / self.noise).ravel()
        certain = np.partition(ratios, -_BLOCKS)[-_BLOCKS] > _CERTAIN
        return bool(certain) and extent(difference) > _SHARE * self.usual


def differences(one: Thumbnail, other: Thumbnail) -> tuple[Blocks, Blocks]:
    """
    Of grey, in levels, whatever the exposure; of depth, relative. NaN where unknown.

    Flickering light and a rolling shutter give each row an exposure of its own.
    """
    gain = _median(one.grey / other.grey)
    return one.grey - gain * other.grey, (one.depth - other.depth) / other.depth


def _median(rows: Blocks) -> Blocks:
    """(ROWS, 1) of each row's known values, 1 where it has none."""
    known = np.isfinite(rows).any(axis=1, keepdims=True)
    return np.nanmedian(np.where(known, rows, 1), axis=1, keepdims=True)


def extent(difference: Blocks) -> float:
    """Root of the mean square over the known blocks, 0 where none is."""
    known = difference[np.isfinite(difference)]
    return float(np.sqrt(np.mean(known ** 2))) if known.size else 0.0


def scales(thumbs: Sequence[Thumbnail]) -> tuple[Scale, Scale]:
    """Of grey and of depth, estimated from the recording itself."""
    rng = np.random.default_rng(0)
    places = np.unique(np.linspace(1, len(thumbs) - 1, _SAMPLES).astype(int))
    steps = [differences(thumbs[i], thumbs[i - 1]) for i in places]
    pairs = rng.integers(0, len(thumbs), (300, 2))
    apart = [differences(thumbs[i], thumbs[j]) for i, j in pairs if i != j]
    grey, depth = (
        Scale(_noise(np.stack([step[k] for step in steps]), _least(thumbs, k), _GRAINS[k]),
              float(np.median([extent(pair[k]) for pair in apart] or [0.0])))
        for k in (0, 1))
    return grey, depth


def _least(thumbs: Sequence[Thumbnail], kind: int) -> float:
    """The noise of a block's mean by that of single pixels; kind 0 is grey, 1 depth."""
    grains = [(thumb.grey_grain, thumb.depth_grain)[kind] for thumb in thumbs]
    return max(float(np.median(grains)), _FLOORS[kind])


def _noise(steps: Blocks, least: float, most: float) -> Blocks:
    """
    The deviation of each block, from the stillest quarter of the steps between frames.

    Where the camera never rests that is too much; it is bounded by what the pixels' own noise
    can come to.
    """
    known = np.where(np.isfinite(steps).any(axis=0), steps, 0)
    quarter = np.nanquantile(np.abs(known), 0.25, axis=0) / 0.3186 / np.sqrt(2)
    return np.clip(quarter, least, most * least).astype(np.float32)


def same_as(thumbs: Sequence[Thumbnail]) -> list[int]:
    """For each frame the index of the last one before it that it repeats; its own if it is new."""
    if len(thumbs) < 2:
        return list(range(len(thumbs)))
    grey, depth = scales(thumbs)
    found, last = [0], 0
    for index in range(1, len(thumbs)):
        seen = differences(thumbs[index], thumbs[last])
        if grey.tells(seen[0]) or depth.tells(seen[1]):
            last = index
        found.append(last)
    return found


def empty(thumbs: Sequence[Thumbnail]) -> list[bool]:
    """
    Which frames show no part, or hardly any of one, as far as depth tells.

    None where the camera or the light's reach moves, so that nothing lies still behind the parts.
    """
    if len(thumbs) < 2:
        return [False] * len(thumbs)
    depths = np.stack([thumb.depth for thumb in thumbs])
    if not _rests(depths, _GRAINS[1] * _least(thumbs, 1)):
        return [False] * len(thumbs)
    behind = _farthest(depths)
    tolerance = _CERTAIN * scales(thumbs)[1].noise * behind + _bend(behind)
    raised = (behind - depths > tolerance).sum(axis=(1, 2))
    some = raised[raised >= _SPECK]
    usual = float(np.median(some)) if some.size else 0.0
    return [bool(usual >= 4 * _SPECK and area < max(_EMPTY * usual, _SPECK)) for area in raised]


def _rests(depths: Blocks, most: float) -> bool:
    """Whether a quarter of the view keeps its distance in four frames of five."""
    known = np.where(np.isfinite(depths).any(axis=0), depths, 1)
    usual = np.nanmedian(known, axis=0)
    return bool(np.quantile(np.nanquantile(np.abs(known / usual - 1), 0.8, axis=0), 0.25) < most)


def _bend(surface: Blocks) -> Blocks:
    """How far each block is off the line of its neighbours: at an edge, depth is not certain."""
    wide = np.pad(surface, 1, mode='edge')
    across = np.abs(surface - (wide[1:-1, 2:] + wide[1:-1, :-2]) / 2)
    return np.fmax(across, np.abs(surface - (wide[2:, 1:-1] + wide[:-2, 1:-1]) / 2))


def _farthest(depths: Blocks) -> Blocks:
    """What is seen behind at least twice: the second farthest."""
    ordered = np.sort(np.where(np.isfinite(depths), depths, -np.inf), axis=0)
    return np.where(np.isfinite(ordered[-2]), ordered[-2], ordered[-1])
