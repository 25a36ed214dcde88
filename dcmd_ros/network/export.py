"""The whole way from prepared tensors to evidence as one module, for other runtimes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Mode
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.compensator import kept_cells
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.network.detector import PRESENT, Detector, outline_side
from dcmd_ros.network.fusion import evidence
from dcmd_ros.network.memory import Memory
from dcmd_ros.network.silhouette import Silhouette
from dcmd_ros.network.stages import stages

OPSET = 18


class ExportError(DcmdError):
    """The network cannot be exported here."""


class Graph(Protocol):
    """
    A module that can be exported.

    inputs, outputs  their names, in order
    """

    inputs: Sequence[str]
    outputs: Sequence[str]

    def example(self) -> dict[str, Any]:
        """Arguments of the right shapes."""
        ...


def inputs_of(mode: Mode) -> list[str]:
    """Of a mode's graph, in order."""
    return [*(f'images_{m}' for m in PRESENT[mode]), 'part',
            *(['valid'] if mode != 'rgb_only' else []), 'statistics']


class Whole(nn.Module):
    """
    Teacher, compensator, students, memories, slopes, confidence and fusion of an availability
    mode.

    It does what `Detector.look` and `judge` do, without a step whose sizes depend on the data.
    """

    inputs: Sequence[str]
    outputs: Sequence[str]

    def __init__(self, detector: Detector, mode: Mode) -> None:
        super().__init__()
        self.mode = mode
        self.teacher: Backbone = copy.deepcopy(detector.teacher)
        self.network: Dcmd = copy.deepcopy(detector.network)
        self.confidence = copy.deepcopy(detector.confidence)
        self.scales = detector.scales
        for memory in self.network.memories.values():
            assert isinstance(memory, Memory)
            memory.everywhere = True
        self.network.slopes.everywhere = True
        self.inputs = inputs_of(mode)
        self.outputs = ['evidence', 'seen',
                        *(f'trust_{m}' for m in PRESENT[mode] if self.confidence is not None)]

    def forward(self, images: dict[str, Tensor], part: Tensor, valid: Tensor | None = None,
                statistics: Tensor | None = None) -> tuple[Tensor, ...]:
        """
        Evidence, and where there is any, (N, 1, S/4, S/4) twice; the threshold is not taken off.
        Then, with a confidence network, the trust in each modality of the mode as in `Sight`.

        :param images: (N, 3, S, S) teacher inputs of the mode's modalities, by name
        :param part: (N, S, S) bool
        :param valid: (N, S, S) bool, where depth was measured; None without depth
        :param statistics: (N, modalities of the mode), trust by the pictures' quality; None is 1
        """
        features = self.network.features(self.teacher, {m: images[m] for m in PRESENT[self.mode]})
        trust = {} if self.confidence is None else self.confidence.maps(features, part, valid)
        compensator = self.network.compensator
        context = features if compensator is None or not trust else compensator(
            features, kept_cells(part, valid, trust))
        maps = self.network(features, self.mode, part, context)
        slopes = None if valid is None else self.network.slopes(images['depth'], part, valid)
        return (*evidence(maps, self.mode, self.scales, part, valid, trust, slopes, statistics),
                *trust.values())

    def example(self, count: int = 1) -> dict[str, Any]:
        """Arguments of the right shapes."""
        side = self.network.config.size
        images = {m: torch.zeros(count, 3, side, side) for m in PRESENT[self.mode]}
        mask = torch.ones(count, side, side, dtype=torch.bool)
        return {'images': images, 'part': mask,
                **({} if self.mode == 'rgb_only' else {'valid': mask.clone()}),
                'statistics': torch.ones(count, len(images))}


class Outline(nn.Module):
    """Where the part is by colour, as `detector.outliner` finds it."""

    inputs: Sequence[str] = ('image',)
    outputs: Sequence[str] = ('outline',)

    def __init__(self, silhouette: Silhouette, teacher: Backbone) -> None:
        super().__init__()
        self.silhouette, self.teacher = copy.deepcopy(silhouette), copy.deepcopy(teacher)
        self.size = teacher.size

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, s, s) unmasked input of the teacher -> (N, S, S) bool."""
        return self.silhouette.covered(self.teacher(image), self.size)

    def example(self, count: int = 1) -> dict[str, Any]:
        side = outline_side(self.size)
        return {'image': torch.zeros(count, 3, side, side)}


def graphs(detector: Detector, silhouette: Silhouette | None,
           staged: bool = False) -> dict[str, Graph]:
    """
    All that a model needs of an engine, by name.

    :param staged: the availability modes in `stages`, where they can be cut
    """
    modes = {mode: Whole(detector, mode) for mode in PRESENT}
    found: dict[str, Graph] = dict(modes.items())
    if staged:
        both = modes['both']
        found = {**stages(detector, dict(zip(both.inputs, tensors(both), strict=True)),
                          {mode: whole.outputs for mode, whole in modes.items()})} or found
    if silhouette is not None:
        found['outline'] = Outline(silhouette, detector.teacher)
    return found


def tensors(graph: Graph) -> list[Tensor]:
    """A graph's example, in the order of its inputs."""
    found: list[Tensor] = []
    for given in graph.example().values():
        found += given.values() if isinstance(given, dict) else (
            given if isinstance(given, tuple) else [given])
    return found


def exported(graph: Graph) -> torch.export.ExportedProgram:
    """For `torch.export`'s consumers, for frames one at a time."""
    assert isinstance(graph, nn.Module)
    with torch.no_grad():
        return torch.export.export(graph.eval(), (), graph.example())


def write_onnx(graph: Graph, path: Path) -> None:
    """
    An ONNX file, for frames one at a time. The names are those of the graph: for a `Whole`
    `images_rgb`, `images_depth`, `part`, `valid`, `statistics`, and `evidence`, `seen`,
    `trust_rgb`, `trust_depth`, as far as the mode has them.

    :raises ExportError: onnx or onnxscript is not installed
    """
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(f'{error.name} is not installed: pip install "dcmd_ros[onnx]"') from None
    program = torch.onnx.export(
        exported(graph), input_names=graph.inputs, output_names=graph.outputs,
        opset_version=OPSET, dynamo=True, verbose=False)
    assert program is not None
    program.save(str(path))
