"""MCE, the modality confidence estimation: how far each sensor's picture can be trusted, where."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, Modality

CELL = 8  # pixels of the network's input in a cell of the confidence map
_CLEAN = -2.0  # where the guess begins: softplus of it is small
SENSITIVITY = 4.0
_GAPS = 8  # channels that look at where depth is missing


class Confidence(nn.Module):
    """
    Guesses for each modality and cell how far a fault of the sensor has moved the teacher's
    features, d_m >= 0 (see `change`), from the features of both modalities:

        d_m = softplus(l_m(p) + g_m),   c_m = v_m exp(-sensitivity_m d_m)

    g_m sees the mean over the part: most faults befall the whole picture, a defect never does.
    l_rgb sees the surroundings of the cell p; l_depth sees only where there depth was measured,
    for a defect looks like noise or blur of its own size. v_m is the measured share of the cell.
    """

    def __init__(self, channels: tuple[int, int, int], sensitivity: float = SENSITIVITY,
                 width: int = 32) -> None:
        super().__init__()
        self.entered = width // 2
        self.entries = nn.ModuleDict({m: nn.ModuleList(nn.Conv2d(c, self.entered, 1)
                                                       for c in channels) for m in MODALITIES})
        inputs = len(MODALITIES) * (3 * self.entered + 2)
        self.mixed = nn.Conv2d(inputs, width, 1)
        self.near = nn.Conv2d(width, width, 3, padding=1)
        self.around = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.local = nn.Conv2d(width, 1, 1)
        self.gaps = nn.Sequential(
            nn.Conv2d(2, _GAPS, 3, padding=1), nn.ReLU(),
            nn.Conv2d(_GAPS, _GAPS, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv2d(_GAPS, 1, 1))
        last = nn.Linear(width, len(MODALITIES))
        nn.init.constant_(last.bias, _CLEAN)
        self.whole = nn.Sequential(nn.Linear(width, width), nn.ReLU(), last)
        self.sensitivity = nn.Parameter(torch.full((len(MODALITIES),), sensitivity), False)

    def forward(self, features: Mapping[Modality, list[Tensor]], part: Tensor,
                valid: Tensor | None) -> Tensor:
        """
        d, (N, 2, S/8, S/8), in the order of MODALITIES; without meaning where one is absent.

        :param features: standardised, of the modalities that are there
        :param part, valid: (N, S, S) bool, the part and where its depth was measured
        """
        share = functional.avg_pool2d(part[:, None].float(), CELL)
        seen = share if valid is None else functional.avg_pool2d(
            (part & valid)[:, None].float(), CELL)
        inputs = [self._entered(features, m, share, seen) for m in MODALITIES]
        hidden = functional.relu(self.mixed(torch.cat(inputs, dim=1)))
        hidden = hidden + functional.relu(self.near(hidden))
        hidden = hidden + functional.relu(self.around(hidden))
        mean = (hidden * share).sum(dim=(2, 3)) / (share.sum(dim=(2, 3)) + 1e-6)
        local = torch.cat([self.local(hidden), self.gaps(torch.cat([share, seen], dim=1))], dim=1)
        return functional.softplus(local + self.whole(mean)[..., None, None])

    def _entered(self, features: Mapping[Modality, list[Tensor]], modality: Modality,
                 share: Tensor, seen: Tensor) -> Tensor:
        cells = share.shape[-2:]
        if modality not in features:
            return share.new_zeros(len(share), 3 * self.entered + 2, *cells)
        entries = self.entries[modality]
        assert isinstance(entries, nn.ModuleList)
        fine, middle, coarse = (functional.relu(entry(f)) for entry, f in
                                zip(entries, features[modality], strict=True))
        coarse = functional.interpolate(coarse, cells, mode='bilinear', align_corners=False)
        there = torch.ones_like(share)
        measured = seen if modality == 'depth' else share
        return torch.cat([functional.avg_pool2d(fine, 2), middle, coarse, there, measured], dim=1)

    def maps(self, features: Mapping[Modality, list[Tensor]], part: Tensor,
             valid: Tensor | None) -> dict[Modality, Tensor]:
        """
        The confidence in what was measured, of the modalities that are there: c_m / v_m,
        (N, 1, S/8, S/8) each, 0 to 1.
        """
        guess = self(features, part, valid)
        found = torch.exp(-self.sensitivity.view(1, -1, 1, 1) * guess)
        return {m: found[:, k:k + 1] for k, m in enumerate(MODALITIES) if m in features}


def measured_share(part: Tensor, valid: Tensor) -> Tensor:
    """v: the share of each cell's part whose depth was measured, (N, 1, S/8, S/8); 1 off it."""
    lost = functional.avg_pool2d((part & ~valid)[:, None].float(), CELL)
    return 1 - lost / (functional.avg_pool2d(part[:, None].float(), CELL) + 1e-6)


def change(before: list[Tensor], after: list[Tensor]) -> Tensor:
    """
    How far features moved, (N, 1, S/8, S/8), 0 to 2: the mean over the strides of
    |after - before|^2 / (|after|^2 + |before|^2).
    """
    cells = before[1].shape[-2], before[1].shape[-1]
    total = before[1].new_zeros(())
    for b, a in zip(before, after, strict=True):
        moved = (a - b).square().sum(1, keepdim=True)
        size = a.square().sum(1, keepdim=True) + b.square().sum(1, keepdim=True) + 1e-6
        moved = moved / size
        total = total + (functional.adaptive_avg_pool2d(moved, cells) if moved.shape[-1] > cells[1]
                         else functional.interpolate(moved, cells, mode='bilinear',
                                                     align_corners=False))
    return total / len(before)
