"""
OpenVINO: the graphs on the CPU, in f32 or, where the processor has it, bf16.

An availability mode runs in stages, of which in bf16 those that do not bear it run in f32; so does
the outline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import LifoQueue
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import MODES
from dcmd_ros.network.engine import missing
from dcmd_ros.network.export import Graph, exported, inputs_of, tensors
from dcmd_ros.network.lanes import AT_ONCE, Lanes
from dcmd_ros.network.stages import COARSE, Chain, Plan, last, plan

Found = dict[str, Any]  # arrays and tensors, by name
_FIRST = Lock()  # see `_begun`


class OpenVino:
    """The runtime; its library is an extra."""

    name, suffix, staged = 'openvino', '.xml', True

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
        cut = all(last(mode) in files for mode in MODES)

        def request(name: str) -> Any:
            coarse = name.endswith(f'.{COARSE}') or (name in MODES and not cut)
            return _begun(core.compile_model(files[name], 'CPU', {
                'INFERENCE_PRECISION_HINT': precision if coarse else 'f32',
                'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_NUM_THREADS': max(threads // AT_ONCE, 1),
                'ENABLE_CPU_PINNING': False}).create_infer_request())
        plans: dict[str, Plan] = {m: plan(m) for m in MODES} if cut else {}
        return _Compiled(f'{self.name} {precision}', [
            {name: request(name) for name in files} for _ in range(min(threads, AT_ONCE))], plans)


class _Compiled:
    """
    Frames that are looked at together run graphs of their own: two requests of one graph would be
    handed to threads that the system likes to keep on one core.
    """

    def __init__(self, name: str, requests: Sequence[Mapping[str, Any]],
                 plans: Mapping[str, Plan]) -> None:
        self.name, self._plans = name, plans
        self._free: LifoQueue[Mapping[str, Any]] = LifoQueue()
        for each in requests:
            self._free.put(each)

    def __call__(self, graph: str, inputs: Sequence[NDArray[Any]],
                 lanes: Lanes | None = None) -> list[NDArray[Any]]:
        with self._requests() as requests:
            if graph not in self._plans:
                found = requests[graph].infer(list(inputs), share_inputs=True)
                return [array.copy() for array in found.to_tuple()]
            known: Found = dict(zip(inputs_of(graph), inputs, strict=True))  # type: ignore
            for chains in self._plans[graph]:
                jobs = [partial(_run, requests, chain, known) for chain in chains]
                for found in [job() for job in jobs] if lanes is None else lanes(jobs):
                    known |= found
            return [np.array(tensor.data) for tensor in found.values()]

    @contextmanager
    def _requests(self) -> Iterator[Mapping[str, Any]]:
        requests = self._free.get()
        try:
            yield requests
        finally:
            self._free.put(requests)


def _begun(request: Any) -> Any:
    """
    After a first run, of nothing.

    It takes what memory it needs now. And the first conversions of a process must not happen on
    two threads together: each then waits for the other for ever (seen with OpenVINO 2026.4).
    """
    ports = request.get_compiled_model().inputs
    with _FIRST:
        request.infer({port.any_name: np.zeros(list(port.shape), port.element_type.to_dtype())
                       for port in ports}, share_inputs=True)
    return request


def _run(requests: Mapping[str, Any], chain: Chain, known: Found) -> Found:
    """What the last stage of a chain gives."""
    found: Found = {}
    for name in chain:
        known, request = known | found, requests[name]
        model = request.get_compiled_model()
        request.infer({port.any_name: known[port.any_name] for port in model.inputs},
                      share_inputs=True)
        found = {port.any_name: request.get_tensor(port) for port in model.outputs}
    return found


def _library() -> Any:
    try:
        import openvino
    except ImportError:
        raise missing(OpenVino.name) from None
    return openvino
