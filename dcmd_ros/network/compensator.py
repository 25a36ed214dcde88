"""PMC, the partial-modality compensation: features where a sensor is missing or not trusted."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.network.confidence import CELL, measured_share

Features = Mapping[Modality, list[Tensor]]

TRUSTED = 0.5  # of trust times measured share, from which on a cell's features are left alone
_HIDDEN = 3e-4  # what a place without a single kept cell counts for in the softmax


class Compensator(nn.Module):
    """
    Restores a modality's standardised features at the cells p of stride 8 that are not kept, from
    the other modality o at p and around, and from its own kept surroundings:

        x_m = k_m [E_m4 F_m4, E_m8 F_m8, E_m16 F_m16],   k_m(p) 1 kept, 0 not
        h   = r(r(C [x_m, x_o, k_m, k_o]))               r(y) = y + relu(conv3x3 y), one dilated
        A   = softmax_j(<Q h(p), K g(j)> / sqrt(d) + log k_m(j))
        z   = h(p) + sum_j A(p, j) V g(j)
        F'_ms = F_ms where kept, H_ms relu(Z z), brought to stride s, where not

    j are the places of stride 16, g(j) the mean of [x_m, x_o, k_m, k_o] there: where the other
    modality looks alike, what did this one show? A modality that is absent is kept nowhere and
    is not restored. What comes out is context for the students, never compared with anything.
    """

    def __init__(self, channels: tuple[int, int, int], width: int = 32) -> None:
        super().__init__()
        self.entered = width // 4
        self.entries = nn.ModuleDict({m: nn.ModuleList(nn.Conv2d(c, self.entered, 1)
                                                       for c in channels) for m in MODALITIES})
        inputs = len(MODALITIES) * (3 * self.entered + 1)
        self.restorers = nn.ModuleDict({m: Restorer(inputs, channels, width)
                                        for m in MODALITIES})

    def forward(self, features: Features, kept: Mapping[Modality, Tensor],
                ) -> dict[Modality, list[Tensor]]:
        """
        Features of the modalities that are there, measured ones bit for bit.

        :param features: standardised, three strides each
        :param kept: (N, 1, S/8, S/8), 1 or 0, for each of them
        """
        usual = next(iter(kept.values()))
        known = {m: kept.get(m, torch.zeros_like(usual)) for m in MODALITIES}
        seen = {m: self._entered(features, m, known[m]) for m in MODALITIES}
        found = {}
        for m, o in zip(MODALITIES, reversed(MODALITIES), strict=True):
            if m in features:
                inputs = torch.cat([seen[m], seen[o], known[m], known[o]], dim=1)
                restored = self.restorers[m](inputs, known[m])
                found[m] = [chosen(before, after, known[m])
                            for before, after in zip(features[m], restored, strict=True)]
        return found

    def _entered(self, features: Features, modality: Modality, kept: Tensor) -> Tensor:
        if modality not in features:
            return kept.new_zeros(len(kept), 3 * self.entered, *kept.shape[-2:])
        entries = self.entries[modality]
        assert isinstance(entries, nn.ModuleList)
        fine, middle, coarse = features[modality]
        fine, middle, coarse = (entry(f) for entry, f in zip(
            entries, (functional.avg_pool2d(fine, 2), middle, coarse), strict=True))
        coarse = functional.interpolate(coarse, scale_factor=2.0, mode='nearest')
        return torch.cat([fine, middle, coarse], dim=1) * kept


class Restorer(nn.Module):
    """One modality's half of the compensator: from masked entries to features."""

    def __init__(self, inputs: int, channels: tuple[int, int, int], width: int) -> None:
        super().__init__()
        self.mixed = nn.Conv2d(inputs, width, 1)
        self.near = nn.Conv2d(width, width, 3, padding=1)
        self.around = nn.Conv2d(width, width, 3, padding=3, dilation=3)
        self.attention = Attention(width, inputs, width)
        self.rise = nn.Conv2d(width, width, 1)
        self.heads = nn.ModuleList(nn.Conv2d(width, c, 1) for c in channels)

    def forward(self, inputs: Tensor, kept: Tensor) -> list[Tensor]:
        """(N, C, S/8, S/8) entries and what of them is kept -> features of three strides."""
        hidden = self.mixed(inputs)
        hidden = hidden + functional.relu(self.near(hidden))
        hidden = hidden + functional.relu(self.around(hidden))
        hidden = hidden + self.attention(hidden, functional.avg_pool2d(inputs, 2),
                                         functional.avg_pool2d(kept, 2))
        hidden = functional.relu(self.rise(hidden))
        levels = (hidden, hidden, functional.avg_pool2d(hidden, 2))
        fine, middle, coarse = (head(h) for head, h in zip(self.heads, levels, strict=True))
        fine = functional.interpolate(fine, scale_factor=2.0, mode='bilinear',
                                      align_corners=False)
        return [fine, middle, coarse]


class Attention(nn.Module):
    """Every cell asks all places of the coarser grid, one head."""

    def __init__(self, asking: int, told: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.query = nn.Conv2d(asking, width, 1)
        self.key = nn.Conv2d(told, width, 1)
        self.value = nn.Conv2d(told, width, 1)

    def forward(self, asking: Tensor, told: Tensor, kept: Tensor) -> Tensor:
        """
        :param asking: (N, C, h, w); told: (N, D, h/2, w/2)
        :param kept: (N, 1, h/2, w/2) 0 to 1, how much of a place may be told
        """
        query, key, value = (each.flatten(2) for each in (
            self.query(asking), self.key(told), self.value(told)))
        hidden = torch.log(kept + _HIDDEN).flatten(2)
        weight = torch.softmax(query.transpose(1, 2) @ key / self.width ** 0.5 + hidden, dim=-1)
        return (value @ weight.transpose(1, 2)).unflatten(2, asking.shape[-2:])


def context_of(compensator: Compensator | None, features: Features, part: Tensor,
               valid: Tensor | None, trust: Mapping[Modality, Tensor]) -> Features:
    """What the students read instead of features; empty where nothing is to be restored."""
    if compensator is None:
        return {}
    kept = kept_cells(part, valid, trust)
    return {} if all(bool((k > 0).all()) for k in kept.values()) else compensator(features, kept)


def kept_cells(part: Tensor, valid: Tensor | None,
               trust: Mapping[Modality, Tensor]) -> dict[Modality, Tensor]:
    """
    Which cells of stride 8 keep their features, (N, 1, S/8, S/8), 1 or 0, by modality: those
    where trust times measured share is at least TRUSTED, and those off the part.

    :param part, valid: (N, S, S) bool, the part and where its depth was measured
    :param trust: (N, 1, S/8, S/8) in what was measured, of the modalities that are there
    """
    off = functional.max_pool2d(part[:, None].float(), CELL) == 0
    share = None if valid is None else measured_share(part, valid)
    return {m: (off | ((t if m == 'rgb' or share is None else t * share) >= TRUSTED)).float()
            for m, t in trust.items()}


def chosen(before: Tensor, after: Tensor, kept: Tensor) -> Tensor:
    """Before where kept, after where not, at any stride; a coarse cell is kept as a whole."""
    side = before.shape[-1]
    if side < kept.shape[-1]:
        kept = -functional.max_pool2d(-kept, kept.shape[-1] // side)
    elif side > kept.shape[-1]:
        kept = functional.interpolate(kept, scale_factor=side / kept.shape[-1], mode='nearest')
    return torch.where(kept > 0, before, after)
