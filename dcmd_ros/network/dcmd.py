"""Teachers and students together: prepared images in, residual maps out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.frame import MODALITIES, Modality, Mode
from dcmd_ros.network.backbone import DEFAULT_BACKBONE, Backbone, backbone_spec
from dcmd_ros.network.backbone_spec import STRIDES
from dcmd_ros.network.compensator import Compensator, Features
from dcmd_ros.network.memory import Memory
from dcmd_ros.network.slopes import Slopes
from dcmd_ros.network.student import (
    LARGE,
    SLIM,
    Standardiser,
    Student,
    StudentConfig,
    folded,
    residual,
)


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
MEMORIES: dict[str, Modality] = {'rgb_memory': 'rgb', 'depth_memory': 'depth'}
# What is evidence in which availability mode. A missing sensor is switched off, never filled.
EVIDENCE: dict[Mode, tuple[str, ...]] = {
    'both': (*BRANCHES, *MEMORIES), 'rgb_only': ('rgb', 'rgb_memory'),
    'depth_only': ('depth', 'depth_memory')}


@dataclass(frozen=True)
class DcmdConfig:
    """
    backbone     name of the teacher
    size         S, the side of its input
    memory       places in a modality's memory; half as many slopes
    large        students of twice the arithmetic
    compensator  whether features that are missing are restored for the students
    """

    backbone: str = DEFAULT_BACKBONE
    size: int = 256
    memory: int = 3200
    large: bool = False
    compensator: bool = False


class Dcmd(nn.Module):
    """
    The shared teacher, standardiser and memory for each modality, a student for each branch.

    The residual of a branch at stride s is r_s = 1 - cos(student, teacher); its map is the sum
    over s of r_s / (e_s + mean e_s), e_s the residual that the student expects there, its mean
    taken over the part.
    """

    def __init__(self, config: DcmdConfig) -> None:
        super().__init__()
        self.config = config
        channels = backbone_spec(config.backbone).channels
        self.standards = nn.ModuleDict({m: Standardiser(channels) for m in MODALITIES})
        self.students = nn.ModuleDict({name: Student(self.config_of(name)) for name in BRANCHES})
        self.students.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.memories = nn.ModuleDict({m: Memory(channels, config.memory) for m in MODALITIES})
        self.slopes = Slopes(config.memory // 2)
        self.compensator = Compensator(channels) if config.compensator else None

    def config_of(self, branch: str) -> StudentConfig:
        """What a branch's student is made like."""
        channels = backbone_spec(self.config.backbone).channels
        return StudentConfig(channels, BRANCHES[branch].cross,
                             LARGE if self.config.large else SLIM)

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

    def forward(self, features: Features, mode: Mode, part: Tensor,
                context: Features | None = None) -> dict[str, Tensor]:
        """
        Features -> {name: (N, 1, S/4, S/4)} for all that is evidence in a mode.

        :param part: (N, S, S) bool
        :param context: what the students read instead of the features that are judged
        """
        return {name: self.map(name, features, part, context) for name in EVIDENCE[mode]}

    def map(self, name: str, features: Features, part: Tensor,
            context: Features | None = None) -> Tensor:
        """One student's or memory's map, (N, 1, S/4, S/4)."""
        if name in BRANCHES:
            return self.branch(name, features, part, context)
        modality = MEMORIES[name]
        return self.on_grid(self.memories[modality](features[modality], part))

    def branch(self, name: str, features: Features, part: Tensor,
               context: Features | None = None) -> Tensor:
        """One student's residual map, (N, 1, S/4, S/4)."""
        return self.relative(*self.compared(name, features, context), part)

    def compared(self, name: str, features: Features, context: Features | None = None,
                 ) -> tuple[list[Tensor], list[Tensor]]:
        """One student's residuals and those it expects, (N, 1, h, w) of each stride."""
        branch = BRANCHES[name]
        predicted, expected = self.students[name]((context or features)[branch.source])
        return [residual(p, target) for p, target in
                zip(predicted, features[branch.target], strict=True)], expected

    def relative(self, residuals: list[Tensor], expected: list[Tensor], part: Tensor) -> Tensor:
        """The sum over the strides of residuals relative to what is expected."""
        total = residuals[0].new_zeros(())
        for r, e, stride in zip(residuals, expected, STRIDES, strict=True):
            total = total + self.on_grid(r / (e + mean_on(part, e, stride)))
        return total

    def on_grid(self, image: Tensor) -> Tensor:
        """A map of any stride, (N, 1, S/4, S/4)."""
        side = self.config.size // STRIDES[0]
        return functional.interpolate(image, (side, side), mode='bilinear', align_corners=False)


def mean_on(part: Tensor, image: Tensor, stride: int) -> Tensor:
    """(N, 1, 1, 1) mean of an image (N, 1, h, w) of this stride over the part (N, S, S)."""
    weight = functional.avg_pool2d(part[:, None].float(), stride) + 1e-6
    return (image * weight).sum(dim=(2, 3), keepdim=True) / weight.sum(dim=(2, 3), keepdim=True)


def images_of(colour: Tensor | None, normals: Tensor | None) -> dict[Modality, Tensor]:
    """The teacher's inputs, those that are there."""
    found: dict[Modality, Tensor] = {}
    if colour is not None:
        found['rgb'] = colour
    if normals is not None:
        found['depth'] = normals
    return found
