"""Teachers by name from timm, such as wide_resnet50_2, which the DCMD publication names."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from dcmd_ros.network.backbone_spec import STRIDES, BackboneError, BackboneSpec


class TimmBackbone(nn.Module):
    """
    A convolutional network's features of strides 4, 8 and 16.

    The input in [-1, 1], `(rgb - 127) / 128`, is turned to what the network was trained with.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        usual = model.pretrained_cfg
        mean, deviation = (torch.tensor(usual[key]).view(1, 3, 1, 1) for key in ('mean', 'std'))
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer('scale', 128 / 255 / deviation)
        self.register_buffer('shift', (127 / 255 - mean) / deviation)

    def forward(self, image: Tensor) -> list[Tensor]:
        return list(self.model(image * self.scale + self.shift))


def spec(name: str, pretrained: bool = True) -> BackboneSpec:
    """
    The backbone of this name in timm, with ImageNet weights, which timm fetches at first use.

    :raises BackboneError: timm does not import, does not know the name, or the network has no
        features of the three strides
    """
    made = partial(_create, name, pretrained)
    channels = _create(name, pretrained=False).feature_info.channels()
    return BackboneSpec(tuple(channels), lambda size: TimmBackbone(made()),
                        lambda: _sha256(made()))


def _create(name: str, pretrained: bool) -> Any:
    try:
        import timm
    except Exception as error:  # beside a CPU build of torch, torchvision fails in its own ways
        raise BackboneError(f'backbone {name!r} comes from timm, which does not import here '
                            f'({type(error).__name__}: {error}): pip install timm') from None
    try:
        probe = timm.create_model(name, features_only=True, pretrained=False)
        places = [probe.feature_info.reduction().index(stride) for stride in STRIDES]
        indices = [probe.feature_info.out_indices[place] for place in places]
        return timm.create_model(name, features_only=True, pretrained=pretrained,
                                 out_indices=indices)
    except Exception as error:
        raise BackboneError(f'backbone {name!r} cannot be made by timm with features of strides '
                            f'4, 8 and 16: {" ".join(str(error).split())}') from None


def _sha256(model: Any) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()
