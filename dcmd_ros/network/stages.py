"""The whole way in stages, for runtimes that compute some of them in bfloat16."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dcmd_ros.frame import Modality, Mode
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.confidence import Confidence
from dcmd_ros.network.dcmd import BRANCHES, EVIDENCE, MEMORIES, Dcmd
from dcmd_ros.network.fusion import Scales, evidence
from dcmd_ros.network.lite0 import Lite0
from dcmd_ros.network.memory import Memory, on_part

# Of the teacher's layers the first err most where they compute in bfloat16: after them nine tenths
# of the error are there. The last stage takes differences of what is much alike.
STAGES = ('first', 'middle', 'last')
COARSE = 'middle'  # the stage that bears bfloat16


class Stage(nn.Module):
    """
    A piece of a graph. It takes and gives tensors by name: those of the graph, and those of the
    stages before.

    given  example tensors, by name
    """

    inputs: Sequence[str]
    outputs: Sequence[str]

    def __init__(self, given: dict[str, Tensor]) -> None:
        super().__init__()
        self.given, self.inputs = given, list(given)

    def forward(self, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return self.run(dict(zip(self.given, given, strict=True)))

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """:param given: tensors by name."""
        raise NotImplementedError

    def example(self) -> dict[str, Any]:
        return {'given': tuple(self.given.values())}

    def stages(self) -> dict[str, Any]:
        return {}


class First(Stage):
    """Images -> the teacher's features of stride 4."""

    outputs: Sequence[str] = ('stem',)

    def __init__(self, teacher: Backbone, given: dict[str, Tensor]) -> None:
        super().__init__(given)
        self.layers = copy.deepcopy(_stages(teacher)[0])

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        return (self.layers(torch.cat(list(given.values()))),)


class Middle(Stage):
    """The rest of the teacher, students and memories -> features, residuals and distances."""

    def __init__(self, teacher: Backbone, network: Dcmd, mode: Mode,
                 modalities: Sequence[Modality], given: dict[str, Tensor]) -> None:
        super().__init__(given)
        self.layers, self.network = copy.deepcopy(_stages(teacher)[1:]), copy.deepcopy(network)
        self.mode, self.modalities = mode, modalities
        self.outputs = [f'{kind}_{name}_{k}' for name in EVIDENCE[mode] if name in BRANCHES
                        for kind in ('residual', 'expected') for k in range(3)]
        self.outputs += [f'distance_{name}' for name in EVIDENCE[mode] if name in MEMORIES]
        self.outputs += [f'features_{m}_{k}' for m in modalities for k in range(3)]

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        found = [given['stem']]
        for layer in self.layers:
            found.append(layer(found[-1]))
        parts = [f.chunk(len(self.modalities)) for f in found]
        features: dict[Modality, list[Tensor]] = {
            m: self.network.standards[m]([p[i] for p in parts])
            for i, m in enumerate(self.modalities)}
        outputs: list[Tensor] = []
        for name in EVIDENCE[self.mode]:
            if name in BRANCHES:
                outputs += [t for found in self.network.compared(name, features) for t in found]
        for name in EVIDENCE[self.mode]:
            if name in MEMORIES:
                memory = self.network.memories[MEMORIES[name]]
                assert isinstance(memory, Memory)
                outputs.append(memory.distances(features[MEMORIES[name]]))
        return (*outputs, *(f for each in features.values() for f in each))


class Last(Stage):
    """What the middle found, and masks -> what the graph gives."""

    def __init__(self, network: Dcmd, confidence: Confidence | None, mode: Mode, scales: Scales,
                 modalities: Sequence[Modality], given: dict[str, Tensor],
                 outputs: Sequence[str]) -> None:
        super().__init__(given)
        self.network, self.confidence = copy.deepcopy(network), copy.deepcopy(confidence)
        self.network.slopes.everywhere = True
        self.mode, self.scales, self.modalities = mode, scales, modalities
        self.outputs = outputs

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        part, valid = given['part'], given.get('valid')
        maps = {name: self._map(name, given) for name in EVIDENCE[self.mode]}
        features: dict[Modality, list[Tensor]] = {
            m: [given[f'features_{m}_{k}'] for k in range(3)] for m in self.modalities}
        trust = {} if self.confidence is None else self.confidence.maps(features, part, valid)
        slopes = None if valid is None else self.network.slopes(
            given['images_depth'], part, valid)
        return (*evidence(maps, self.mode, self.scales, part, valid, trust, slopes),
                *trust.values())

    def _map(self, name: str, given: dict[str, Tensor]) -> Tensor:
        if name in MEMORIES:
            return self.network.on_grid(on_part(given[f'distance_{name}'], given['part']))
        residuals, expected = ([given[f'{kind}_{name}_{k}'] for k in range(3)]
                               for kind in ('residual', 'expected'))
        return self.network.relative(residuals, expected, given['part'])


def _stages(teacher: Backbone) -> nn.ModuleList:
    assert isinstance(teacher.network, Lite0)
    return teacher.network.stages
