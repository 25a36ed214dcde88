"""Prepared frames -> evidence: teacher, students and fusion in a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcmd_ros.frame import Modality, Mode
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.dcmd import EVIDENCE, Dcmd, images_of
from dcmd_ros.network.fusion import Scales, evidence
from dcmd_ros.network.lanes import Lanes
from dcmd_ros.network.preparation import (
    Colour,
    Mask,
    Outliner,
    Prepared,
    resized,
    teacher_input,
)
from dcmd_ros.network.silhouette import Silhouette


def outliner(silhouette: Silhouette, teacher: Backbone, device: str = 'cpu',
             lanes: Lanes | None = None) -> Outliner:
    """Begins to look for the part by colour, (S, S, 3) uint8; what it returns waits for it."""
    def find(rgb: Colour) -> Mask:
        image = batch([outline_input(rgb)], device)
        return silhouette.outline(teacher, image, rgb.shape[0])[0].cpu().numpy()

    def begin(rgb: Colour) -> Callable[[], Mask]:
        return partial(find, rgb) if lanes is None else lanes.begin(partial(find, rgb)).result
    return begin


def outline_input(rgb: Colour) -> NDArray[np.float32]:
    """What colour finds the part in, (s, s, 3): the view at about half the network's size S."""
    return teacher_input(resized(rgb, max(round(rgb.shape[0] / 64), 1) * 32))


def batch(images: Sequence[NDArray[np.float32]], device: str = 'cpu') -> Tensor:
    """(S, S, 3) arrays -> (N, 3, S, S), channels last in memory."""
    stacked = torch.from_numpy(np.stack(images)).to(device)
    return stacked.permute(0, 3, 1, 2)


def masks(found: Sequence[Mask | None], device: str = 'cpu') -> Tensor | None:
    """(S, S) bool arrays -> (N, S, S), None where they are absent."""
    present = [mask for mask in found if mask is not None]
    return torch.from_numpy(np.stack(present)).to(device) if present else None


def inputs(prepared: Sequence[Prepared], mode: Mode,
           device: str = 'cpu') -> dict[Modality, Tensor]:
    """The teacher's inputs in an availability mode."""
    colour = [p.colour for p in prepared if p.colour is not None]
    shape = [p.normals for p in prepared if p.normals is not None]
    return images_of(batch(colour, device) if mode != 'depth_only' else None,
                     batch(shape, device) if mode != 'rgb_only' else None)


class Detector:
    """The network with its scales: prepared frames in, evidence out."""

    def __init__(self, network: Dcmd, teacher: Backbone, scales: Scales,
                 device: str = 'cpu', lanes: Lanes | None = None) -> None:
        self.network, self.teacher, self.scales, self.device = network, teacher, scales, device
        self.lanes = lanes

    @torch.inference_mode()
    def raw(self, prepared: Sequence[Prepared], mode: Mode) -> dict[str, Tensor]:
        """Maps by name, (N, 1, S/4, S/4), of all that is evidence in a mode."""
        images, part = inputs(prepared, mode, self.device), self._parts(prepared)
        if self.lanes is None:
            return self.network(self.network.features(self.teacher, images), mode, part)
        return self._side_by_side(self.lanes, images, mode, part)

    def _side_by_side(self, lanes: Lanes, images: Mapping[Modality, Tensor], mode: Mode,
                      part: Tensor) -> dict[str, Tensor]:
        """The same, a modality or a map in each lane."""
        features: dict[Modality, list[Tensor]] = {}
        for found in lanes([partial(self.network.features, self.teacher, {m: image})
                            for m, image in images.items()]):
            features.update(found)
        maps = lanes([partial(self.network.map, name, features, part) for name in EVIDENCE[mode]])
        return dict(zip(EVIDENCE[mode], maps, strict=True))

    @torch.inference_mode()
    def __call__(self, prepared: Prepared, mode: Mode) -> tuple[Tensor, Tensor]:
        """Evidence less the threshold, and where there is any: (S/4, S/4) twice."""
        found, seen = self.fuse(self.raw([prepared], mode), [prepared], mode)
        return found[0, 0] - self.scales[mode].threshold, seen[0, 0] > 0

    def fuse(self, maps: dict[str, Tensor], prepared: Sequence[Prepared], mode: Mode,
             ) -> tuple[Tensor, Tensor]:
        """`fusion.evidence` of raw maps."""
        return evidence(maps, mode, self.scales, self._parts(prepared),
                        masks([p.valid for p in prepared], self.device))

    def _parts(self, prepared: Sequence[Prepared]) -> Tensor:
        parts = masks([p.foreground for p in prepared], self.device)
        assert parts is not None
        return parts

