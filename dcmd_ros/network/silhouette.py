"""What is part and what is scene, by colour alone: for when depth is gone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.network.backbone import Backbone


class Silhouette(nn.Module):
    """
    A small head on the RGB teacher's features that says where the part is.

    Learnt on the training frames with depth's foreground as the target, at pixels where depth
    could tell. Strides 4 and 8 give the outline, stride 16 what lies inside it.
    """

    def __init__(self, channels: tuple[int, int, int], width: int = 24) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(c, affine=False) for c in channels)
        self.entries = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Teacher's features -> (N, 1, S/4, S/4) logit, positive on the part."""
        parts = [entry(norm(f))
                 for entry, norm, f in zip(self.entries, self.norms, features, strict=True)]
        size = parts[0].shape[-2:]
        merged = sum((functional.interpolate(p, size, mode='bilinear', align_corners=False)
                      for p in parts[1:]), parts[0])
        return self.last(functional.relu(self.middle(functional.relu(merged))))

    def covered(self, features: list[Tensor], size: int) -> Tensor:
        """Teacher's features -> (N, size, size) bool, the part."""
        return functional.interpolate(self(features), (size, size), mode='bilinear',
                                      align_corners=False)[:, 0] > 0

    @torch.inference_mode()
    def outline(self, backbone: Backbone, image: Tensor, size: int) -> Tensor:
        """(N, 3, s, s) unmasked input of the teacher -> (N, size, size) bool."""
        return self.covered(backbone(image), size)
