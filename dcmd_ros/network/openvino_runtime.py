"""OpenVINO: the graphs on the CPU, in f32 or, where the processor has it, bf16."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dcmd_ros.network.engine import missing
from dcmd_ros.network.export import Graph, exported, tensors


class OpenVino:
    """The runtime; its library is an extra."""

    name, suffix = 'openvino', '.xml'

    def version(self) -> str:
        return str(_library().__version__)

    def precisions(self) -> Sequence[str]:
        able = _library().Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
        return ('f32', 'bf16') if 'BF16' in able else ('f32',)

    def write(self, graph: Graph, path: Path) -> None:
        library = _library()
        model = library.convert_model(exported(graph))
        model.reshape({n: list(t.shape) for n, t in enumerate(tensors(graph))})  # else any size
        for ports, names in ((model.inputs, graph.inputs), (model.outputs, graph.outputs)):
            for port, name in zip(ports, names, strict=True):
                port.get_tensor().set_names({name})
        library.save_model(model, path, compress_to_fp16=False)

    def load(self, files: Mapping[str, Path], precision: str, threads: int) -> _Compiled:
        core = _library().Core()
        settings = {'INFERENCE_PRECISION_HINT': precision, 'PERFORMANCE_HINT': 'LATENCY',
                    'INFERENCE_NUM_THREADS': threads, 'ENABLE_CPU_PINNING': False}
        return _Compiled(f'{self.name} {precision}', {
            graph: core.compile_model(path, 'CPU', settings).create_infer_request()
            for graph, path in files.items()})


class _Compiled:
    def __init__(self, name: str, requests: Mapping[str, Any]) -> None:
        self.name, self._requests = name, requests

    def __call__(self, graph: str, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        found = self._requests[graph].infer(list(inputs), share_inputs=True)
        return [array.copy() for array in found.to_tuple()]


def _library() -> Any:
    try:
        import openvino
    except ImportError:
        raise missing(OpenVino.name) from None
    return openvino
