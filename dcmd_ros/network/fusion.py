"""Residual maps -> one map of evidence, on a scale that calibration fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from dcmd_ros.frame import Mode

SMOOTHING = 1.2  # cells of the S/4 grid; the part fills the grid, whatever its size in pixels
_REACH = 4
_ERODED = 1      # cells around missing depth that are no evidence either
_SUPPORT = 0.25  # share of the Gaussian that must be seen for its mean to stand for a cell


@dataclass(frozen=True)
class Scale:
    """
    Turns the raw maps of one availability mode into evidence.

    usual      for each map of a student or a memory, mean and deviation over the pixels of
               held-out good parts
    centre, spread  of the largest fused value of a held-out good part (median, robust deviation)
    threshold  evidence from which on a part is anomalous
    rate       the false-alarm rate that the threshold was chosen for
    parts      number of held-out good parts
    weights    of the maps in their sum, 1 where none is named
    """

    usual: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    centre: float = 0.0
    spread: float = 1.0
    threshold: float = 0.0
    rate: float = 0.01
    parts: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)


Scales = Mapping[Mode, Scale]


def fused(maps: Mapping[str, Tensor], scale: Scale, seen: Tensor) -> Tensor:
    """
    Weighted sum of the standardised maps, smoothed inside `seen` only, (N, 1, h, w).

    :param seen: (N, 1, h, w) 0 or 1, where the maps are evidence.
    """
    total = sum((scale.weights.get(name, 1.0) * (maps[name] - mean) / deviation
                 for name, (mean, deviation) in scale.usual.items()), torch.zeros(()))
    return (smoothed(total * seen) / smoothed(seen).clamp(min=0.5) - scale.centre) / scale.spread


def smoothed(image: Tensor) -> Tensor:
    """(N, 1, h, w) through a Gaussian of SMOOTHING cells."""
    x = torch.arange(-_REACH, _REACH + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-0.5 * (x / SMOOTHING) ** 2)
    kernel = kernel / kernel.sum()
    image = functional.conv2d(image, kernel.view(1, 1, 1, -1), padding=(0, _REACH))
    return functional.conv2d(image, kernel.view(1, 1, -1, 1), padding=(_REACH, 0))


def grid(mask: Tensor, cells: int) -> Tensor:
    """(N, S, S) bool -> (N, 1, cells, cells) 1 where at least half of a cell is covered."""
    share = functional.avg_pool2d(mask[:, None].float(), mask.shape[-1] // cells)
    return (share >= 0.5).float()


def measured(foreground: Tensor, valid: Tensor, cells: int) -> Tensor:
    """Where depth is evidence: cells of the part, a cell away from where depth is missing."""
    missing = grid(foreground & ~valid, cells)
    missing = functional.max_pool2d(missing, 2 * _ERODED + 1, 1, _ERODED)
    return grid(foreground, cells) * (1 - missing)


def evidence(maps: Mapping[str, Tensor], mode: Mode, scales: Scales, foreground: Tensor,
             valid: Tensor | None) -> tuple[Tensor, Tensor]:
    """
    The fused evidence of a mode, and where there is any: (N, 1, h, w) twice.

    Where depth is missing, colour alone speaks, by the scale of `rgb_only`: an explicit switch,
    pixel by pixel. Without colour nothing is said there, but for the edge: a cell with a quarter
    of the Gaussian's weight on measured ones has their evidence, drawn towards the usual.

    :param foreground, valid: (N, S, S) bool, the part and where its depth was measured.
    """
    cells = next(iter(maps.values())).shape[-1]
    part = grid(foreground, cells)
    if mode == 'rgb_only':
        return fused(maps, scales[mode], part), part
    assert valid is not None
    seen = measured(foreground, valid, cells)
    both = fused(maps, scales[mode], seen)
    if mode == 'depth_only':
        return both, torch.maximum(seen, part * (smoothed(seen) > _SUPPORT))
    return torch.where(seen > 0, both, fused(maps, scales['rgb_only'], part)), part

