"""The memory: what the teacher said of good parts, kept to compare with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLICES = 8  # of the bank, one after the other
_LIFT = 2.0 ** 14  # above |x|^2 of any place: some 150 channels of deviation 1


class Memory(nn.Module):
    """
    How far the features of a place are from the nearest that a good part ever showed.

    A place is a cell of stride 8, described by the standardised features of strides 8 and 16; the
    bank holds `size` of those of the training parts (PatchCore, Roth et al. 2022, without its
    averaging over 3x3 cells, which cost accuracy here). It needs no gradient, and sees what
    students have learnt to predict too well: they bridge it, it does not.

    everywhere  compare the places off the part too, though nobody asks: for export, where no size
                may depend on the data
    """

    everywhere = False

    def __init__(self, channels: tuple[int, int, int], size: int) -> None:
        super().__init__()
        self.bank: Tensor
        self.register_buffer('bank', torch.zeros(size, channels[1] + channels[2]))

    def forward(self, features: list[Tensor], part: Tensor) -> Tensor:
        """
        Distances to the nearest of the bank, (N, 1, S/8, S/8), 0 off the part.

        :param features: standardised, three strides
        :param part: (N, S, S) bool
        """
        if self.everywhere:
            return on_part(self.distances(features), part)
        places, wanted = described(features), _touched(part)
        found = places.new_zeros(wanted.shape)
        found[wanted] = self.nearest(places.permute(0, 2, 3, 1)[wanted])
        return found[:, None]

    def distances(self, features: list[Tensor]) -> Tensor:
        """
        The same, off the part too, in arithmetic that a runtime's bfloat16 leaves exact enough.

        OpenVINO adds up products of bfloat16 in float32, and rounds the sums unless an operation
        that is done with them keeps float32. A `relu` is one; so the sums are lifted above 0 for
        it. The products of a slice of the bank stay in a core's cache, those of all do not.
        """
        rows = described(features).permute(0, 2, 3, 1)
        least = torch.stack([self._lifted(rows.flatten(0, 2), bank).amin(1)
                             for bank in self.bank.chunk(_SLICES)]).amin(0) - _LIFT
        squares = rows.square().sum(3).flatten()
        return (squares + least).clamp(min=0).sqrt().reshape(rows.shape[:3])[:, None]

    def _lifted(self, rows: Tensor, bank: Tensor) -> Tensor:
        return functional.relu(torch.addmm(bank.square().sum(1) + _LIFT, rows, bank.T, alpha=-2))

    def nearest(self, places: Tensor) -> Tensor:
        """(M, C) -> (M,)"""
        less = torch.addmm(self.bank.square().sum(1), places, self.bank.T, alpha=-2)
        return (places.square().sum(1) + less.amin(1)).clamp(min=0).sqrt()


def on_part(distances: Tensor, part: Tensor) -> Tensor:
    """(N, 1, S/8, S/8), 0 off the part (N, S, S)."""
    return torch.where(_touched(part)[:, None], distances, 0.0)


def _touched(part: Tensor) -> Tensor:
    return functional.max_pool2d(part[:, None].float(), 8)[:, 0] > 0


def described(features: list[Tensor]) -> Tensor:
    """Standardised features -> (N, C, S/8, S/8), what the memory compares."""
    middle, coarse = features[1:]
    return torch.cat([middle, functional.interpolate(
        coarse, middle.shape[-2:], mode='bilinear', align_corners=False)], dim=1)
