"""What a pretrained network must say of itself to be a teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from dcmd_ros.errors import DcmdError

STRIDES = (4, 8, 16)


class BackboneError(DcmdError):
    """A pretrained network that is unknown, not installed or not the one that was trained with."""


@dataclass(frozen=True)
class BackboneSpec:
    """
    channels  at strides 4, 8 and 16
    build     of an input's side in pixels: (N, 3, S, S) in [-1, 1] -> features of the strides
    sha256    of the weights, which a checkpoint keeps in their place
    """

    channels: tuple[int, int, int]
    build: Callable[[int], nn.Module]
    sha256: Callable[[], str]
