"""A model without training, and a runtime that is torch in disguise."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detector_rig import CAMERA, OPTIONS, SIZE
from torch import Tensor, nn

from dcmd_ros.frame import MODES
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import Checkpoint
from dcmd_ros.network.confidence import Confidence
from dcmd_ros.network.dcmd import EVIDENCE, Dcmd
from dcmd_ros.network.detector import Detector, Prepared, Sight
from dcmd_ros.network.engine_cache import Cache
from dcmd_ros.network.export import PRESENT, Graph, graphs, inputs_of
from dcmd_ros.network.fusion import Scale
from dcmd_ros.network.preparation import View
from dcmd_ros.network.silhouette import Silhouette
from dcmd_ros.sensing.foreground import Scene

INSIDE = OPTIONS.network.size


def untrained(path: Path, seed: int = 0) -> Path:
    """A model file with random weights, for frames of `detector_rig`; all of the view is part."""
    torch.manual_seed(seed)
    teacher = Backbone(size=INSIDE)
    network = Dcmd(OPTIONS.network)
    for memory in network.memories.values():
        memory.bank.normal_()
    network.slopes.bank.normal_(std=0.2)
    for standard in network.standards.values():
        for mean in standard.means:
            mean.data.normal_(std=0.1)
    scales = {mode: Scale({name: (0.1 * n, 1.0 + n) for n, name in enumerate(EVIDENCE[mode])},
                          centre=0.5, spread=2.0, slopes=(0.1, 0.2)) for mode in MODES}
    scene = Scene((0.0, 0.0, 2.0), np.zeros((SIZE, SIZE), np.float32), 0.003, 0.5, False, 'test')
    view = View(CAMERA, (0, 0, SIZE), INSIDE, 1.5, 128.0, (70.0, 66.0, 60.0))
    Checkpoint('disc', OPTIONS.network, view, scene, network,
               Silhouette(teacher.channels), scales, {'rgb': {}, 'depth': {}}, [],
               Confidence(teacher.channels)).save(path)
    return path


class Timed(Detector):
    """A detector whose torch network takes 10 ms by a clock of its own."""

    now = 0.0

    def look(self, prepared: Sequence[Prepared], mode: Any) -> Sight:
        self.pass_ms(10.0 if self.engine is None else 0.0)
        return super().look(prepared, mode)

    @classmethod
    def pass_ms(cls, milliseconds: float) -> None:
        cls.now += milliseconds / 1e3


class Disguise:
    """
    A runtime whose graphs are pickled modules.

    :param milliseconds: that a run takes by `Timed`'s clock
    :param error: that is added to the evidence
    :param precision: the only one that it has
    """

    suffix, staged = '.pickle', False

    def __init__(self, name: str, milliseconds: float, error: float = 0.0,
                 precision: str = 'f32') -> None:
        self.name, self.milliseconds, self.error = name, milliseconds, error
        self.installed, self.loaded, self.precision = '1.0', 0, precision

    def version(self) -> str:
        return self.installed

    def precisions(self) -> Sequence[str]:
        return (self.precision,)

    def write(self, graph: Graph, path: Path) -> None:
        path.write_bytes(pickle.dumps(graph))

    def load(self, files: Mapping[str, Path], precision: str, threads: int) -> Running:
        self.loaded += 1
        return Running(self, {name: pickle.loads(f.read_bytes()) for name, f in files.items()})


class Running:
    def __init__(self, runtime: Disguise, modules: Mapping[str, nn.Module]) -> None:
        self.name, self._runtime, self._modules = f'{runtime.name} f32', runtime, modules

    def __call__(self, graph: str, inputs: Sequence[Any], lanes: Any = None) -> list[Any]:
        Timed.pass_ms(self._runtime.milliseconds)
        tensors = [torch.from_numpy(given) for given in inputs]
        with torch.inference_mode():
            found: Tensor | tuple[Tensor, ...] = run(self._modules[graph], graph, tensors)
        outputs = [found] if isinstance(found, Tensor) else [*found]
        if graph in PRESENT:
            outputs[0] = outputs[0] + self._runtime.error
        return [output.numpy().copy() for output in outputs]


def run(module: nn.Module, graph: str, tensors: list[Tensor]) -> Any:
    """A graph of an engine's inputs."""
    present = PRESENT.get(graph, ())  # type: ignore[call-overload]
    if not present:
        return module(*tensors)
    images, rest = tensors[:len(present)], tensors[len(present):]
    names = inputs_of(graph)[len(present):]  # type: ignore[arg-type]
    return module(images=dict(zip(present, images, strict=True)),
                  **dict(zip(names, rest, strict=True)))


def written(detector: Detector, silhouette: Silhouette) -> Any:
    """`engine_build.build` without a process, for `Disguise`."""
    wanted = {name: copy.deepcopy(graph)
              for name, graph in graphs(detector, silhouette).items()}

    def build(model: Path, runtime: Disguise, tell: Any) -> None:
        def write(folder: Path) -> None:
            for name, graph in wanted.items():
                tell(name)
                runtime.write(graph, folder / f'{name}{runtime.suffix}')
        Cache(model).keep(runtime, write)
    return build
