"""Residual maps -> one map of evidence, on a scale that calibration fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, Modality, Mode

SMOOTHING = 0.8  # cells of the S/4 grid; the part fills the grid, whatever its size in pixels
_NEARBY = 2.0    # the same for what is said of missing depth by the measured cells around it
_CUT = 4         # deviations at which a Gaussian ends
_ERODED = 1      # cells around missing depth that are no evidence either
# A large gap spoils the features further around it than a speck does: by a Gaussian of _AROUND
# cells, the share of missing depth from which on colour alone judges.
_AROUND, _GAPS = 4.0, 0.15
# How soon the other sensor takes over: the students that read depth see further than the teacher,
# and are wrong further around what is missing than its features are.
_CAUTION: Mapping[Modality, float] = {'rgb': 1.5, 'depth': 8.0}
LEVEL = 3.5  # evidence at which each mode alarms by itself, so that they can be mixed
# Times steeper than other evidence that of slopes rises: below the alarm it hardly counts, for
# what parts have in common decides how odd the oddest slope of a good one is.
_STEEP = 5.0
_SUPPORT = 0.02  # share of the Gaussian that must be seen for its mean to stand for a cell


@dataclass(frozen=True)
class Scale:
    """
    Turns the raw maps of one availability mode into evidence.

    usual      for each map of a student or a memory, mean and deviation over the pixels of
               held-out good parts
    centre, spread  of the largest fused value of a held-out good part: the median, and a LEVELth
               of the way from there to where the mode by itself would alarm
    threshold  evidence from which on a part is anomalous
    rate       the false-alarm rate that the threshold was chosen for
    parts      number of held-out good parts
    weights    of the maps in their sum, 1 where none is named
    slopes     of the oddest slope of a held-out good part: the median, and where it would alarm
    """

    usual: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    centre: float = 0.0
    spread: float = 1.0
    threshold: float = 0.0
    rate: float = 0.01
    parts: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    slopes: tuple[float, float] | None = None


Scales = Mapping[Mode, Scale]
Trust = Mapping[Modality, Tensor]
NO_DOUBT: Trust = {}


def fused(maps: Mapping[str, Tensor], scale: Scale, seen: Tensor) -> Tensor:
    """
    Weighted sum of the standardised maps, smoothed inside `seen` only, (N, 1, h, w).

    :param seen: (N, 1, h, w) 0 or 1, where the maps are evidence.
    """
    total = sum((scale.weights.get(name, 1.0) * (maps[name] - mean) / deviation
                 for name, (mean, deviation) in scale.usual.items()), torch.zeros(()))
    return (smoothed(total * seen) / smoothed(seen).clamp(min=0.5) - scale.centre) / scale.spread


def smoothed(image: Tensor, sigma: float = SMOOTHING, cut: float = _CUT) -> Tensor:
    """(N, C, h, w) through a Gaussian of sigma cells, which ends at `cut` deviations."""
    reach, channels = round(cut * sigma), image.shape[1]
    x = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum()).repeat(channels, 1, 1, 1)
    image = functional.conv2d(image, kernel, padding=(0, reach), groups=channels)
    return functional.conv2d(image, kernel.transpose(2, 3), padding=(reach, 0), groups=channels)


def grid(mask: Tensor, cells: int) -> Tensor:
    """(N, S, S) bool -> (N, 1, cells, cells) 1 where at least half of a cell is covered."""
    share = functional.avg_pool2d(mask[:, None].float(), mask.shape[-1] // cells)
    return (share >= 0.5).float()


def measured(foreground: Tensor, valid: Tensor, cells: int) -> Tensor:
    """Where depth is evidence: cells of the part, a cell away from where depth is missing."""
    return _apart(grid(foreground, cells), grid(foreground & ~valid, cells))


def _apart(part: Tensor, missing: Tensor) -> Tensor:
    return part * (1 - functional.max_pool2d(missing, 2 * _ERODED + 1, 1, _ERODED))


def untouched(missing: Tensor) -> Tensor:
    """Cells (N, 1, h, w), 1 where depth is missing -> 1 where none is around, 0 where much is."""
    return (1 - smoothed(missing, _AROUND) / _GAPS).clamp(min=0)


def evidence(maps: Mapping[str, Tensor], mode: Mode, scales: Scales, foreground: Tensor,
             valid: Tensor | None, trust: Trust = NO_DOUBT,
             slopes: Tensor | None = None,
             statistics: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """
    The fused evidence of a mode, and where there is any: (N, 1, h, w) twice.

    Both sensors' evidence counts where both can be trusted, by w = trust^_CAUTION, depth's times
    `untouched`, and what they lack goes to the other sensor alone, by the scale of its own mode:

        e = r (w_rgb w_depth e_both + w_rgb (1 - w_depth) e_rgb + (1 - w_rgb) w_depth e_depth)

    r is the root of what statistics leave of the trust in all sensors there: it draws evidence
    towards the usual, for a doubtful picture is odd on good parts too.

    Where depth is missing w_depth is 0: an explicit switch, cell by cell. With one sensor the
    evidence is r trust e. Without colour, missing depth has the mean evidence of the measured
    cells nearby, never more than they have; far from any nothing is said.

    An odd slope is evidence of its own (`sloped`), by r times depth's weight.

    :param foreground, valid: (N, S, S) bool, the part and where its depth was measured.
    :param trust: (N, 1, k, k) in 0..1 for each modality of the mode; 1 where it is not given.
    :param slopes: (N, 1, h, w), of a mode with depth; see `Slopes`.
    :param statistics: (N, modalities of the mode) in 0..1, trust by the pictures' quality; None
        is 1.
    """
    cells = next(iter(maps.values())).shape[-1]
    part = grid(foreground, cells)
    colour, depth = (_on_cells(trust.get(m), part) for m in MODALITIES)
    drawn = 1.0 if statistics is None else statistics.prod(1)[:, None, None, None].sqrt()
    if mode == 'rgb_only':
        return fused(maps, scales[mode], part) * drawn * colour, part
    assert valid is not None
    missing = grid(foreground & ~valid, cells)
    seen = _apart(part, missing)
    if mode == 'depth_only':
        depth = drawn * depth
        found = fused(maps, scales[mode], seen) * depth
        return _into_gaps(sloped(found, slopes, scales[mode], seen * depth), seen, part)
    colour = colour ** _CAUTION['rgb']
    depth = seen * untouched(missing) * depth ** _CAUTION['depth']
    both = fused(maps, scales['both'], seen)
    rgb, shape = fused(maps, scales['rgb_only'], part), fused(maps, scales['depth_only'], seen)
    found = colour * (depth * both + (1 - depth) * rgb) + (1 - colour) * depth * shape
    return sloped(found * drawn, slopes, scales['both'], depth * drawn), part


def sloped(found: Tensor, slopes: Tensor | None, scale: Scale, weight: Tensor) -> Tensor:
    """
    Evidence, drawn up by `weight` to what an odd slope says where that is more:

        LEVEL (1 + _STEEP (slope - alarm) / (alarm - median))
    """
    if slopes is None or scale.slopes is None:
        return found
    centre, alarm = scale.slopes
    odd = LEVEL * (1 + _STEEP * (slopes - alarm) / (alarm - centre))
    return found + weight * (odd - found).clamp(min=0)


def _into_gaps(found: Tensor, seen: Tensor, part: Tensor) -> tuple[Tensor, Tensor]:
    """Evidence with gaps of the part filled from nearby, and where there is any."""
    support = smoothed(seen, _NEARBY)
    near = smoothed(found * seen, _NEARBY) / support.clamp(min=_SUPPORT)
    return torch.where(seen > 0, found, near), torch.maximum(seen, part * (support > _SUPPORT))


def _on_cells(trust: Tensor | None, part: Tensor) -> Tensor:
    if trust is None:
        return torch.ones_like(part)
    return functional.interpolate(trust, part.shape[-2:], mode='bilinear', align_corners=False)
