"""The whole way from prepared tensors to evidence as one module, for other runtimes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Modality, Mode
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.compensator import kept_cells
from dcmd_ros.network.dcmd import Dcmd
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.fusion import evidence
from dcmd_ros.network.memory import Memory

PRESENT: dict[Mode, tuple[Modality, ...]] = {
    'both': MODALITIES, 'rgb_only': ('rgb',), 'depth_only': ('depth',)}
OPSET = 18


class ExportError(DcmdError):
    """The network cannot be exported here."""


class Whole(nn.Module):
    """
    Teacher, compensator, students, memories, confidence and fusion of one availability mode.

    It does what `Detector.look` and `judge` do, without a step whose sizes depend on the data.
    """

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

    def forward(self, images: dict[str, Tensor], part: Tensor,
                valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """
        Evidence, and where there is any: (N, 1, S/4, S/4) twice; the threshold is not taken off.

        :param images: (N, 3, S, S) teacher inputs of the mode's modalities, by name
        :param part: (N, S, S) bool
        :param valid: (N, S, S) bool, where depth was measured; None without depth
        """
        features = self.network.features(self.teacher, {m: images[m] for m in PRESENT[self.mode]})
        trust = {} if self.confidence is None else self.confidence.maps(features, part, valid)
        compensator = self.network.compensator
        context = features if compensator is None or not trust else compensator(
            features, kept_cells(part, valid, trust))
        maps = self.network(features, self.mode, part, context)
        return evidence(maps, self.mode, self.scales, part, valid, trust)

    def example(self, count: int = 1) -> dict[str, Any]:
        """Arguments of the right shapes."""
        side = self.network.config.size
        images = {m: torch.zeros(count, 3, side, side) for m in PRESENT[self.mode]}
        mask = torch.ones(count, side, side, dtype=torch.bool)
        return {'images': images, 'part': mask} | (
            {} if self.mode == 'rgb_only' else {'valid': mask.clone()})


def exported(whole: Whole) -> torch.export.ExportedProgram:
    """A graph for `torch.export`'s consumers, for frames one at a time."""
    with torch.no_grad():
        return torch.export.export(whole.eval(), (), whole.example())


def write_onnx(whole: Whole, path: Path) -> None:
    """
    An ONNX file, for frames one at a time.

    Inputs `images_rgb`, `images_depth`, `part`, `valid` as far as the mode has them; outputs
    `evidence`, `seen`.

    :raises ExportError: onnx or onnxscript is not installed
    """
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(f'{error.name} is not installed: pip install "dcmd_ros[onnx]"') from None
    example = whole.example()
    names = [f'images_{m}' for m in example['images']] + [k for k in example if k != 'images']
    program = torch.onnx.export(
        exported(whole), input_names=names, output_names=['evidence', 'seen'],
        opset_version=OPSET, dynamo=True, verbose=False)
    assert program is not None
    program.save(str(path))
