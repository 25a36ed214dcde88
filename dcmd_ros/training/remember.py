"""Fills the memory: the most unlike of all that the teacher said of good parts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from dcmd_ros.frame import Modality
from dcmd_ros.network.memory import described
from dcmd_ros.network.student import Standardiser
from dcmd_ros.training.features import Features

_CHUNK = 16
_CANDIDATES = 40_000
_SHADOW = 32  # dimensions of the random projection in which candidates are compared


@torch.inference_mode()
def remembered(features: Features, frames: Sequence[int], modality: Modality,
               standard: Standardiser, size: int, seed: int) -> Tensor:
    """
    (size, C) places of some frames' parts, chosen so that every other one is near to one.

    Greedy: always the farthest from those chosen, in a random projection (Sener and Savarese
    2018; the projection as in Roth et al. 2022), from at most 40,000 places. Where there are
    fewer places than `size` they repeat.
    """
    rows = torch.cat([_places(features, chunk, modality, standard)
                      for chunk in torch.tensor(list(frames)).split(_CHUNK)])
    generator = torch.Generator().manual_seed(seed)
    rows = rows[torch.randperm(len(rows), generator=generator)[:_CANDIDATES].to(rows.device)]
    shadow = torch.randn(rows.shape[1], _SHADOW, generator=generator).to(rows.device)
    return _filled(rows[_farthest(rows @ shadow, min(size, len(rows)))], size)


def remembered_slopes(features: Features, frames: Sequence[int], size: int, seed: int) -> Tensor:
    """(size, C) slopes of some frames' parts, chosen in the same way; 0 where there are none."""
    rows = features.slopes[list(frames)].permute(0, 2, 3, 1).flatten(0, 2)
    rows = rows[rows.isfinite().all(1)]
    if not len(rows):
        return features.slopes.new_zeros(size, features.slopes.shape[1])
    generator = torch.Generator().manual_seed(seed)
    rows = rows[torch.randperm(len(rows), generator=generator)[:_CANDIDATES].to(rows.device)]
    return _filled(rows[_farthest(rows, min(size, len(rows)))], size)


def _filled(rows: Tensor, size: int) -> Tensor:
    return rows.repeat(-(-size // len(rows)), 1)[:size]


def _places(features: Features, chosen: Tensor, modality: Modality,
            standard: Standardiser) -> Tensor:
    places = described(standard(features.chosen(chosen, modality))).permute(0, 2, 3, 1)
    share = functional.avg_pool2d(features.part[chosen][:, None].float(), 8)[:, 0]
    return places[share > min(0.5, float(share.max()) / 2)]


def _farthest(rows: Tensor, count: int) -> Tensor:
    """Indices: the first, then each time the one farthest from all before, none twice."""
    chosen = torch.zeros(count, dtype=torch.long, device=rows.device)
    squares = rows.square().sum(1)
    away = torch.full_like(squares, torch.inf)
    for k in range(1, count):
        latest = rows[chosen[k - 1]]
        away = torch.minimum(away, torch.addmv(squares, rows, latest, alpha=-2)
                             + latest.square().sum())
        away[chosen[k - 1]] = -1
        chosen[k] = away.argmax()
    return chosen
