"""The teacher's features of all training frames, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.backbone_spec import STRIDES
from dcmd_ros.network.detector import inputs, masks
from dcmd_ros.network.preparation import Prepared
from dcmd_ros.network.slopes import described
from dcmd_ros.network.student import Standardiser

_CHUNK = 8
_OFF_PART = 0.05  # weight of the scene: enough that no garbage leaks in at the part's rim


@dataclass
class Features:
    """
    by_modality  teacher's features at strides 4, 8 and 16, float16, (N, C, h, w) each
    part         (N, S, S) bool
    slopes       (N, 4, S/8, S/8), NaN where they are not whole
    """

    by_modality: dict[Modality, list[Tensor]]
    part: Tensor
    slopes: Tensor

    def __len__(self) -> int:
        return len(self.part)

    def chosen(self, indices: Tensor, modality: Modality) -> list[Tensor]:
        """Some frames' features, float32, channels last."""
        return [f[indices].float().contiguous(memory_format=torch.channels_last)
                for f in self.by_modality[modality]]

    def weights(self, indices: Tensor) -> list[Tensor]:
        """How much each place counts in the loss, (N, 1, h, w) at each stride."""
        part = self.part[indices][:, None].float()
        return [_OFF_PART + functional.avg_pool2d(part, stride) for stride in STRIDES]


def gather(prepared: Sequence[Prepared], teacher: Backbone, device: str) -> Features:
    """Features of prepared frames that hold both sensors."""
    parts, valid = (masks(found, device) for found in (
        [p.foreground for p in prepared], [p.valid for p in prepared]))
    assert parts is not None and valid is not None
    slopes = []
    found: dict[Modality, list[list[Tensor]]] = {m: [] for m in MODALITIES}
    with torch.inference_mode():
        for start in range(0, len(prepared), _CHUNK):
            chosen = slice(start, start + _CHUNK)
            images = inputs(prepared[chosen], 'both', device)
            places, inner = described(images['depth'], (parts & valid)[chosen])
            slopes.append(torch.where(inner[:, None], places, torch.nan))
            for modality, image in images.items():
                found[modality].append([f.half() for f in teacher(image)])
    joined = {m: [torch.cat(scale) for scale in zip(*chunks, strict=True)]
              for m, chunks in found.items()}
    return Features(joined, parts, torch.cat(slopes))


def together(some: Sequence[Features]) -> Features:
    """One after the other."""
    return Features({m: [torch.cat(scale) for scale in
                         zip(*(f.by_modality[m] for f in some), strict=True)]
                     for m in MODALITIES}, torch.cat([f.part for f in some]),
                    torch.cat([f.slopes for f in some]))


def standardise(standard: Standardiser, features: Features, modality: Modality) -> None:
    """Sets mean and deviation of each channel, over the part."""
    every = torch.arange(len(features))
    for place, stride in enumerate(STRIDES):
        weight = functional.avg_pool2d(features.part[every][:, None].float(), stride)
        weight = weight / weight.sum()
        values = features.by_modality[modality][place].float()
        mean = (values * weight).sum(dim=(0, 2, 3))
        spread = ((values - mean[:, None, None]) ** 2 * weight).sum(dim=(0, 2, 3)).sqrt()
        standard.means[place].data = mean
        standard.scales[place].data = 1 / (spread + 1e-4)
