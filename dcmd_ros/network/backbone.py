"""The frozen teacher: a pretrained ImageNet network, cut at stride 16."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

from dcmd_ros.network import lite0, timm_backbone
from dcmd_ros.network.backbone_spec import BackboneError, BackboneSpec

DEFAULT_BACKBONE = lite0.NAME
BACKBONES = {DEFAULT_BACKBONE: lite0.spec()}


def backbone_spec(name: str) -> BackboneSpec:
    """
    Of our own table, else timm's.

    :raises BackboneError: nobody knows the name
    """
    if name not in BACKBONES:
        try:
            BACKBONES[name] = timm_backbone.spec(name)
        except BackboneError as error:
            raise BackboneError(f'{error}; without timm there is {", ".join(BACKBONES)}') from None
    return BACKBONES[name]


@lru_cache
def weights_sha256(name: str) -> str:
    """The sha256 of the weights, which a checkpoint keeps in their place."""
    return backbone_spec(name).sha256()


class Backbone(nn.Module):
    """
    (N, 3, S, S) in [-1, 1] -> features of strides 4, 8 and 16, each (N, C, S/stride, S/stride).

    The input of colour is `(rgb - 127) / 128`.
    """

    def __init__(self, name: str = DEFAULT_BACKBONE, size: int = 256) -> None:
        super().__init__()
        if size <= 0 or size % 32:
            raise BackboneError(f'image size {size} is not a multiple of 32')
        self.name, self.size = name, size
        spec = backbone_spec(name)
        self.channels = spec.channels
        self.network = spec.build(size)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        return self.network(image)
