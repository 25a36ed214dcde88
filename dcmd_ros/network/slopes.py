"""The slopes: which way wide stretches of the part face."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.network.fusion import smoothed

STRIDE = 8          # pixels of the network's input in a cell
_WIDE = (1.0, 2.0)  # cells; deviations of the Gaussians that normals are averaged over
_CUT = 3            # deviations at which these end


class Slopes(nn.Module):
    """
    How far the slope of a place is from the nearest that a good part ever showed.

    A teacher that learnt from pictures hardly answers to a tint that changes slowly, and so not to
    a flap that is bent: its normals differ from those of a flat one by the same everywhere. Here a
    place is described by x and y of the normals' means over two Gaussians, and looked up among
    `size` places of good parts, as in the memory. It needs neither teacher nor training.

    everywhere  compare all places, though those off the part count for nothing: for export
    """

    everywhere = False

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bank: Tensor
        self.register_buffer('bank', torch.zeros(size, 2 * len(_WIDE)))

    def forward(self, normals: Tensor, part: Tensor, valid: Tensor) -> Tensor:
        """
        Distances, (N, 1, S/4, S/4), 0 where the part or its depth ends nearby.

        :param normals: (N, 3, S, S), as the teacher gets them
        :param part, valid: (N, S, S) bool
        """
        places, inner = described(normals, part & valid)
        rows = places.permute(0, 2, 3, 1)
        if self.everywhere:
            found = torch.where(inner, self._nearest(rows.flatten(0, 2)).view(inner.shape), 0.0)
        else:
            found = places.new_zeros(inner.shape)
            found[inner] = self._nearest(rows[inner])
        return functional.interpolate(found[:, None], scale_factor=float(STRIDE // 4),
                                      mode='bilinear', align_corners=False)

    def _nearest(self, rows: Tensor) -> Tensor:
        """(M, C) -> (M,), by differences: the distances are small beside the slopes."""
        squares = torch.zeros((), device=rows.device)
        for k in range(self.bank.shape[1]):
            squares = squares + (rows[:, k, None] - self.bank[:, k]).square()
        return squares.amin(1).sqrt()


def described(normals: Tensor, measured: Tensor) -> tuple[Tensor, Tensor]:
    """
    (N, 4, S/8, S/8) slopes, and (N, S/8, S/8) bool where they are whole: a cell inside.

    :param measured: (N, S, S) bool, the part where its depth is
    """
    weight = measured[:, None].float()
    share = functional.avg_pool2d(weight, STRIDE)
    inner = share[:, 0] > 0.999
    mean = functional.avg_pool2d(normals[:, :2] * weight, STRIDE)
    return torch.cat([smoothed(mean, sigma, _CUT) / (smoothed(share, sigma, _CUT) + 1e-3)
                      for sigma in _WIDE], dim=1), inner
