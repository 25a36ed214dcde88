"""Teachers and students together: prepared images in, residual maps out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, Modality, Mode
from dcmd_ros.network.backbone import DEFAULT_BACKBONE, STRIDES, Backbone, backbone_spec
from dcmd_ros.network.student import Standardiser, Student, StudentConfig, folded, residual


@dataclass(frozen=True)
class Branch:
    """A student: whose features it reads and whose it predicts."""

    source: Modality
    target: Modality

    @property
    def cross(self) -> bool:
        return self.source != self.target


BRANCHES: dict[str, Branch] = {
    'rgb': Branch('rgb', 'rgb'), 'depth': Branch('depth', 'depth'),
    'rgb_to_depth': Branch('rgb', 'depth'), 'depth_to_rgb': Branch('depth', 'rgb')}
# What is evidence in which availability mode. A missing sensor is switched off, never filled.
EVIDENCE: dict[Mode, tuple[str, ...]] = {
    'both': tuple(BRANCHES), 'rgb_only': ('rgb',), 'depth_only': ('depth',)}
_FLOOR = 3.0  # of the mean expected residual


@dataclass(frozen=True)
class DcmdConfig:
    """Backbone's name and the side S of its input."""

    backbone: str = DEFAULT_BACKBONE
    size: int = 256


class Dcmd(nn.Module):
    """
    The shared teacher, a standardiser for each modality and a student for each branch.

    The residual of a branch at stride s is r_s = 1 - cos(student, teacher); its map is the sum
    over s of r_s / (e_s + 3 mean e_s), e_s the residual that the student expects there.
    """

    def __init__(self, config: DcmdConfig) -> None:
        super().__init__()
        self.config = config
        channels = backbone_spec(config.backbone).channels
        self.standards = nn.ModuleDict({m: Standardiser(channels) for m in MODALITIES})
        self.students = nn.ModuleDict({name: Student(self.config_of(name)) for name in BRANCHES})
        self.students.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def config_of(self, branch: str) -> StudentConfig:
        """What a branch's student is made like."""
        channels = backbone_spec(self.config.backbone).channels
        return StudentConfig(channels, BRANCHES[branch].cross)

    def folded(self) -> Dcmd:
        """A copy for inference, with the students' batch norms folded."""
        quick = Dcmd(self.config)
        quick.load_state_dict(self.state_dict())
        for name in BRANCHES:
            student = quick.students[name]
            assert isinstance(student, Student)
            quick.students[name] = folded(student)
        return quick.eval()

    def features(self, teacher: Backbone, images: Mapping[Modality, Tensor],
                 ) -> dict[Modality, list[Tensor]]:
        """{modality: (N, 3, S, S)} -> standardised features, both modalities in one pass."""
        stacked = torch.cat(list(images.values()))
        found = teacher(stacked.contiguous(memory_format=torch.channels_last))
        parts = [f.chunk(len(images)) for f in found]
        return {m: self.standards[m]([p[i] for p in parts]) for i, m in enumerate(images)}

    def forward(self, features: Mapping[Modality, list[Tensor]], mode: Mode,
                ) -> dict[str, Tensor]:
        """Features -> {branch: (N, 1, S/4, S/4)} for the branches that are evidence in a mode."""
        return {name: self.branch(name, features) for name in EVIDENCE[mode]}

    def branch(self, name: str, features: Mapping[Modality, list[Tensor]]) -> Tensor:
        """One branch's residual map, (N, 1, S/4, S/4)."""
        branch = BRANCHES[name]
        predicted, expected = self.students[name](features[branch.source])
        side = self.config.size // STRIDES[0]
        total = predicted[0].new_zeros(())
        for p, e, target in zip(predicted, expected, features[branch.target], strict=True):
            r = residual(p, target) / (e + _FLOOR * e.mean(dim=(2, 3), keepdim=True))
            total = total + functional.interpolate(r, (side, side), mode='bilinear',
                                                   align_corners=False)
        return total


def images_of(colour: Tensor | None, normals: Tensor | None) -> dict[Modality, Tensor]:
    """The teacher's inputs, those that are there."""
    found: dict[Modality, Tensor] = {}
    if colour is not None:
        found['rgb'] = colour
    if normals is not None:
        found['depth'] = normals
    return found
