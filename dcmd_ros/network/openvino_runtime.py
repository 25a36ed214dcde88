"""
OpenVINO: the graphs on the CPU, in f32 or, where the processor has it, bf16.

In bf16 a graph runs in stages, of which those that do not bear it run in f32; so does the outline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.network.detector import PRESENT
from dcmd_ros.network.engine import missing
from dcmd_ros.network.export import Graph, exported, inputs_of, tensors
from dcmd_ros.network.stages import COARSE, STAGES


class OpenVino:
    """The runtime; its library is an extra."""

    name, suffix = 'openvino', '.xml'

    def version(self) -> str:
        return str(_library().__version__)

    def precisions(self) -> Sequence[str]:
        able = _library().Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
        return ('f32', 'bf16') if 'BF16' in able else ('f32',)

    def write(self, graph: Graph, path: Path) -> None:
        _write(graph, path)
        for name, stage in graph.stages().items():
            _write(stage, path.with_name(f'{path.stem}.{name}{self.suffix}'))

    def load(self, files: Mapping[str, Path], precision: str, threads: int) -> _Compiled:
        core = _library().Core()

        def request(name: str, precise: bool) -> Any:
            return core.compile_model(files[name], 'CPU', {
                'INFERENCE_PRECISION_HINT': 'f32' if precise else precision,
                'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_NUM_THREADS': threads,
                'ENABLE_CPU_PINNING': False}).create_infer_request()

        def requests(graph: str) -> list[Any]:
            if precision == 'f32' or f'{graph}.{COARSE}' not in files:
                return [request(graph, graph not in PRESENT)]
            return [request(f'{graph}.{stage}', stage != COARSE) for stage in STAGES]
        return _Compiled(f'{self.name} {precision}', {
            graph: requests(graph) for graph in files if '.' not in graph})


class _Compiled:
    def __init__(self, name: str, requests: Mapping[str, Sequence[Any]]) -> None:
        self.name, self._requests = name, requests

    def __call__(self, graph: str, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        requests = self._requests[graph]
        if len(requests) == 1:
            found = requests[0].infer(list(inputs), share_inputs=True)
            return [array.copy() for array in found.to_tuple()]
        known: dict[str, Any] = dict(zip(inputs_of(graph), inputs, strict=True))  # type: ignore
        for request in requests:
            model = request.get_compiled_model()
            request.infer({p.any_name: known[p.any_name] for p in model.inputs},
                          share_inputs=True)
            known |= {p.any_name: request.get_tensor(p) for p in model.outputs}
        return [np.array(known[p.any_name].data)
                for p in requests[-1].get_compiled_model().outputs]


def _write(graph: Graph, path: Path) -> None:
    library = _library()
    model = library.convert_model(exported(graph))
    model.reshape({n: list(t.shape) for n, t in enumerate(tensors(graph))})  # else any size
    for ports, names in ((model.inputs, graph.inputs), (model.outputs, graph.outputs)):
        for port, name in zip(ports, names, strict=True):
            port.get_tensor().set_names({name})
    library.save_model(model, path, compress_to_fp16=False)


def _library() -> Any:
    try:
        import openvino
    except ImportError:
        raise missing(OpenVino.name) from None
    return openvino
