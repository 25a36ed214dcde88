"""
The whole way in stages, for runtimes that compute some of them in bfloat16.

Stages say which tensors they take and give. What does not wait for another runs beside it, and
what several modes need is there once: the teacher looks at a modality in the same way whether or
not the other is there.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dcmd_ros.frame import Modality, Mode
from dcmd_ros.network.confidence import Confidence
from dcmd_ros.network.dcmd import BRANCHES, EVIDENCE, MEMORIES, Dcmd
from dcmd_ros.network.detector import PRESENT, Detector
from dcmd_ros.network.fusion import Scales, evidence
from dcmd_ros.network.lite0 import Lite0
from dcmd_ros.network.memory import Memory, on_part

# Of the teacher's layers the first err most where they compute in bfloat16: after them nine tenths
# of the error are there. The last stage takes differences of what is much alike.
COARSE = 'middle'  # the kind of stage that bears bfloat16

Chain = Sequence[str]  # stages, each of which waits for the one before
Plan = Sequence[Sequence[Chain]]  # of one step after the other, the chains that run side by side


def plan(mode: Mode) -> Plan:
    """The names of a mode's stages."""
    crossed = [[f'{name}.{COARSE}'] for name in EVIDENCE[mode]
               if name in BRANCHES and BRANCHES[name].cross]
    alone = [[f'{m}.first', f'{m}.{COARSE}'] for m in PRESENT[mode]]
    return [chains for chains in (alone, crossed, [[last(mode)]]) if chains]


def last(mode: Mode) -> str:
    """The name of a mode's last stage."""
    return f'{mode}.last'


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


class First(Stage):
    """A modality's image -> the teacher's features of stride 4."""

    def __init__(self, teacher: Lite0, modality: Modality, given: dict[str, Tensor]) -> None:
        super().__init__(given)
        self.layers, self.outputs = copy.deepcopy(teacher.stages[0]), [f'stem_{modality}']

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        return (self.layers(*given.values()),)


class Own(Stage):
    """
    The rest of the teacher, a modality's own student and its memory -> features, and how they
    differ from what is usual.
    """

    def __init__(self, teacher: Lite0, network: Dcmd, modality: Modality,
                 given: dict[str, Tensor]) -> None:
        super().__init__(given)
        self.layers, self.network = copy.deepcopy(teacher.stages[1:]), copy.deepcopy(network)
        self.modality, (self.memory,) = modality, (
            name for name, of in MEMORIES.items() if of == modality)
        self.outputs = [*compared(modality), distance(self.memory), *features_of(modality)]

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        (stem,) = given.values()
        found = [stem]
        for layer in self.layers:
            found.append(layer(found[-1]))
        features: list[Tensor] = self.network.standards[self.modality](found)
        residuals, expected = self.network.compared(self.modality, {self.modality: features})
        memory = self.network.memories[self.modality]
        assert isinstance(memory, Memory)
        return (*residuals, *expected, memory.distances(features), *features)


class Cross(Stage):
    """Both modalities' features -> how one differs from what the other lets expect."""

    def __init__(self, network: Dcmd, branch: str, given: dict[str, Tensor]) -> None:
        super().__init__(given)
        self.network, self.branch = copy.deepcopy(network), branch
        self.outputs = compared(branch)

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        branch = BRANCHES[self.branch]
        features: dict[Modality, list[Tensor]] = {
            m: [given[name] for name in features_of(m)] for m in (branch.source, branch.target)}
        residuals, expected = self.network.compared(self.branch, features)
        return (*residuals, *expected)


class Last(Stage):
    """What the stages before found, and masks -> what the graph gives."""

    def __init__(self, network: Dcmd, confidence: Confidence | None, mode: Mode, scales: Scales,
                 given: dict[str, Tensor], outputs: Sequence[str]) -> None:
        super().__init__(given)
        self.network, self.confidence = copy.deepcopy(network), copy.deepcopy(confidence)
        self.network.slopes.everywhere = True
        self.mode, self.scales, self.outputs = mode, scales, outputs

    def run(self, given: dict[str, Tensor]) -> tuple[Tensor, ...]:
        part, valid = given['part'], given.get('valid')
        maps = {name: self._map(name, given) for name in EVIDENCE[self.mode]}
        trust = {} if self.confidence is None else self.confidence.maps(
            {m: [given[name] for name in features_of(m)] for m in PRESENT[self.mode]},
            part, valid)
        slopes = None if valid is None else self.network.slopes(
            given['images_depth'], part, valid)
        return (*evidence(maps, self.mode, self.scales, part, valid, trust, slopes,
                          given['statistics']), *trust.values())

    def _map(self, name: str, given: dict[str, Tensor]) -> Tensor:
        if name in MEMORIES:
            return self.network.on_grid(on_part(given[distance(name)], given['part']))
        found = [given[each] for each in compared(name)]
        return self.network.relative(found[:3], found[3:], given['part'])


def features_of(modality: Modality) -> list[str]:
    return [f'features_{modality}_{k}' for k in range(3)]


def compared(branch: str) -> list[str]:
    return [f'{kind}_{branch}_{k}' for kind in ('residual', 'expected') for k in range(3)]


def distance(memory: str) -> str:
    return f'distance_{memory}'


@torch.no_grad()
def stages(detector: Detector, given: dict[str, Tensor],
           outputs: dict[Mode, Sequence[str]]) -> dict[str, Stage]:
    """
    All stages by name, in the order of `plan('both')`; empty where the network cannot be cut: a
    compensator needs the trust before the students, and another teacher has other layers.

    :param given: example inputs of the graph of both modalities, by name
    :param outputs: of the modes' graphs
    """
    teacher, network = detector.teacher.network, detector.network
    if network.compensator is not None or not isinstance(teacher, Lite0):
        return {}
    known, found = dict(given), dict[str, Stage]()

    def add(name: str, stage: Stage) -> None:
        known.update(zip(stage.outputs, stage.run(stage.given), strict=True))
        found[name] = stage

    for m in PRESENT['both']:
        add(f'{m}.first', First(teacher, m, {f'images_{m}': known[f'images_{m}']}))
        add(f'{m}.{COARSE}', Own(teacher, network, m, {f'stem_{m}': known[f'stem_{m}']}))
    for name, branch in BRANCHES.items():
        if branch.cross:
            wanted = (*features_of(branch.source), *features_of(branch.target))
            add(f'{name}.{COARSE}', Cross(network, name, {each: known[each] for each in wanted}))
    for mode in PRESENT:
        names = [each for name in EVIDENCE[mode]
                  for each in ([distance(name)] if name in MEMORIES else compared(name))]
        names += [each for m in PRESENT[mode] for each in features_of(m)]
        names += ['part', *(('valid', 'images_depth') if 'depth' in PRESENT[mode] else ())]
        known['statistics'] = given['statistics'][:, :len(PRESENT[mode])]
        found[last(mode)] = Last(
            network, detector.confidence, mode, detector.scales,
            {each: known[each] for each in (*names, 'statistics')}, outputs[mode])
    return found
