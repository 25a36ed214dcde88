"""ONNX Runtime: the graphs on the CPU, in f32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dcmd_ros.network.engine import missing
from dcmd_ros.network.export import Graph, write_onnx
from dcmd_ros.network.lanes import Lanes


class OnnxRuntime:
    """The runtime; its library is an extra."""

    name, suffix, staged = 'onnxruntime', '.onnx', False

    def version(self) -> str:
        return str(_library().__version__)

    def precisions(self) -> Sequence[str]:
        return ('f32',)

    def write(self, graph: Graph, path: Path) -> None:
        write_onnx(graph, path)

    def load(self, files: Mapping[str, Path], precision: str, threads: int) -> _Sessions:
        library = _library()
        options = library.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        return _Sessions(f'{self.name} {precision}', {
            graph: library.InferenceSession(path, options, providers=['CPUExecutionProvider'])
            for graph, path in files.items()})


class _Sessions:
    def __init__(self, name: str, sessions: Mapping[str, Any]) -> None:
        self.name, self._sessions = name, sessions

    def __call__(self, graph: str, inputs: Sequence[NDArray[Any]],
                 lanes: Lanes | None = None) -> list[NDArray[Any]]:
        session = self._sessions[graph]
        names = [given.name for given in session.get_inputs()]
        return session.run(None, dict(zip(names, inputs, strict=True)))


def _library() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise missing(OnnxRuntime.name) from None
    return onnxruntime
