"""The memory: what the teacher said of good parts, kept to compare with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


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
        places = described(features)
        wanted = functional.max_pool2d(part[:, None].float(), 8)[:, 0] > 0
        if self.everywhere:
            rows = places.permute(0, 2, 3, 1).flatten(0, 2)
            return torch.where(wanted, self.nearest(rows).reshape(wanted.shape), 0.0)[:, None]
        found = places.new_zeros(wanted.shape)
        found[wanted] = self.nearest(places.permute(0, 2, 3, 1)[wanted])
        return found[:, None]

    def nearest(self, places: Tensor) -> Tensor:
        """(M, C) -> (M,)"""
        less = torch.addmm(self.bank.square().sum(1), places, self.bank.T, alpha=-2)
        return (places.square().sum(1) + less.amin(1)).clamp(min=0).sqrt()


def described(features: list[Tensor]) -> Tensor:
    """Standardised features -> (N, C, S/8, S/8), what the memory compares."""
    middle, coarse = features[1:]
    return torch.cat([middle, functional.interpolate(
        coarse, middle.shape[-2:], mode='bilinear', align_corners=False)], dim=1)
