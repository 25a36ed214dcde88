"""The students: small networks that know only good parts."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

SLIM = (16, 36, 72, 96)
LARGE = (24, 56, 112, 96)


@dataclass(frozen=True)
class StudentConfig:
    """
    channels  of the teacher at strides 4, 8 and 16
    cross     True: features of one modality in, the other's out, with skips;
              False: a modality's own features in and out, through a bottleneck at stride 32
    widths    of the student at strides 4, 8, 16 and 32
    """

    channels: tuple[int, int, int]
    cross: bool
    widths: tuple[int, int, int, int] = SLIM


class Standardiser(nn.Module):
    """Shifts and scales each channel of a teacher to mean 0 and deviation 1 over good parts."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.means = nn.ParameterList(nn.Parameter(torch.zeros(c), False) for c in channels)
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(c), False) for c in channels)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [(f - m[:, None, None]) * s[:, None, None]
                for f, m, s in zip(features, self.means, self.scales, strict=True)]


def _unit(entry: int, exit: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(entry, exit, 3, stride, 1, bias=False),
                         nn.BatchNorm2d(exit), nn.ReLU(inplace=True))


def _up(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode='bilinear',
                                  align_corners=False)


class Student(nn.Module):
    """
    Predicts a teacher's standardised features of strides 4, 8 and 16, and its own usual error.

    Features go down to stride 32 and come back up. A cross student has skips: the way from one
    modality to the other is no shortcut. An intra student has none, so that it cannot copy what
    it has not learnt (reverse distillation, Deng and Li 2022, with a smaller bottleneck).
    """

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        c4, c8, c16 = config.channels
        w4, w8, w16, w32 = config.widths
        skip = config.cross
        self.enter4 = _unit(c4, w4)
        self.down8 = _unit(w4, w8, 2)
        self.enter8 = _unit(w8 + c8, w8)
        self.down16 = _unit(w8, w16, 2)
        self.enter16 = _unit(w16 + c16, w16)
        self.down32 = nn.Sequential(_unit(w16, w32, 2), _unit(w32, w32))
        self.rise16 = _unit(w32 + skip * w16, w16)
        self.narrow8 = nn.Conv2d(w16, w8, 1)
        self.rise8 = _unit(w8 + skip * w8, w8)
        self.narrow4 = nn.Conv2d(w8, w4, 1)
        self.rise4 = _unit(w4 + skip * w4, w4)
        self.heads = nn.ModuleList(nn.Conv2d(w, c + 1, 1)
                                   for w, c in zip((w4, w8, w16), config.channels, strict=True))

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """
        Standardised features -> (predicted features, expected residual), three strides each.

        The expected residual, (N, 1, h, w) >= 0, is what `residual` usually is there.
        """
        e4 = self.enter4(features[0])
        e8 = self.enter8(torch.cat([self.down8(e4), features[1]], dim=1))
        e16 = self.enter16(torch.cat([self.down16(e8), features[2]], dim=1))
        d16 = self.rise16(self._with(_up(self.down32(e16)), e16))
        d8 = self.rise8(self._with(_up(self.narrow8(d16)), e8))
        d4 = self.rise4(self._with(_up(self.narrow4(d8)), e4))
        outputs = [head(d) for head, d in zip(self.heads, (d4, d8, d16), strict=True)]
        return [o[:, :-1] for o in outputs], [functional.softplus(o[:, -1:]) for o in outputs]

    def _with(self, features: Tensor, skipped: Tensor) -> Tensor:
        return torch.cat([features, skipped], dim=1) if self.config.cross else features


def folded(student: Student) -> Student:
    """A copy in evaluation mode whose batch norms are folded into the convolutions: quicker."""
    quick = copy.deepcopy(student).eval()
    for unit in list(quick.modules()):
        if isinstance(unit, nn.Sequential) and isinstance(unit[0], nn.Conv2d):
            conv, norm = unit[0], unit[1]
            assert isinstance(norm, nn.BatchNorm2d)
            unit[0], unit[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return quick.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def residual(predicted: Tensor, target: Tensor) -> Tensor:
    """(N, C, h, w) twice -> (N, 1, h, w): one minus the cosine of the angle between, 0 to 2."""
    along = (predicted * target).sum(1, keepdim=True)
    lengths = (predicted.square().sum(1, keepdim=True) * target.square().sum(1, keepdim=True))
    return 1 - along * lengths.clamp(min=1e-12).rsqrt()
