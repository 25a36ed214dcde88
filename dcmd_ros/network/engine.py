"""What may run the network besides torch: its exported graphs in another runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from dcmd_ros.errors import DcmdError
from dcmd_ros.network.export import Graph
from dcmd_ros.network.lanes import Lanes

ENGINES = ('auto', 'torch', 'openvino', 'onnxruntime', 'tensorrt')


class EngineError(DcmdError):
    """An engine that cannot be had here."""


class Engine(Protocol):
    """
    The graphs of one model, ready to run: the availability modes and `outline`.

    name  of the runtime and the precision
    """

    @property
    def name(self) -> str: ...

    def __call__(self, graph: str, inputs: Sequence[NDArray[Any]],
                 lanes: Lanes | None = None) -> list[NDArray[Any]]:
        """
        A graph's outputs, in the order of `Graph.outputs`; from any thread.

        :param lanes: for what can run side by side
        """
        ...


class Runtime(Protocol):
    """
    A library that runs exported graphs on the CPU.

    suffix  of a graph's file
    staged  whether it runs the availability modes in stages, where they can be cut
    """

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def staged(self) -> bool: ...

    def version(self) -> str:
        """:raises EngineError: it is not installed; says what to install."""
        ...

    def precisions(self) -> Sequence[str]:
        """What is worth trying on this processor, f32 first."""
        ...

    def write(self, graph: Graph, path: Path) -> None:
        """A graph's file."""
        ...

    def load(self, files: Mapping[str, Path], precision: str, threads: int) -> Engine:
        """:param files: of the graphs, by name."""
        ...


def missing(name: str) -> EngineError:
    """The library of an engine is not installed."""
    return EngineError(f'engine {name} needs a library that is not installed: '
                       f'pip install "dcmd_ros[{name}]", or set engine to auto or torch')
