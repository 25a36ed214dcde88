"""Exports a model for a runtime, as a process of its own: torch goes on inspecting meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

import dcmd_ros
from dcmd_ros.errors import DcmdError
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.engine import EngineError, Runtime
from dcmd_ros.network.engine_cache import Cache
from dcmd_ros.network.export import graphs
from dcmd_ros.network.onnx_runtime import OnnxRuntime
from dcmd_ros.network.openvino_runtime import OpenVino

RUNTIMES: dict[str, Callable[[], Runtime]] = {
    'openvino': OpenVino, 'onnxruntime': OnnxRuntime}
_NICE = 10  # of an export beside live inspection


def build(model: Path, runtime: Runtime, tell: Callable[[str], None],
          background: bool = False) -> None:
    """
    Export into the model's cache, in another process.

    :param background: it gives way to this one
    :param tell: gets a line of progress for each graph
    :raises EngineError: it failed; says how.
    """
    root = str(Path(dcmd_ros.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get('PYTHONPATH'))))
    with subprocess.Popen(
            [sys.executable, '-m', __name__, str(model.absolute()), runtime.name,
             str(_NICE if background else 0)],
            env={**os.environ, 'PYTHONPATH': path}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            tell(line.strip())
        said = process.stderr.read().splitlines()
    if process.returncode:
        raise EngineError(f'engine {runtime.name}: the export failed: '
                          f'{said[-1] if said else f"exit {process.returncode}"}')


def export(model: Path, runtime: Runtime) -> None:
    """Write all graphs of a model into its cache; a line of progress on stdout for each."""
    found = load_checkpoint(model)
    teacher = Backbone(found.config.backbone, found.config.size)
    detector = Detector(found.network.folded(), teacher, found.scales,
                        confidence=found.confidence)
    wanted = graphs(detector, found.silhouette, runtime.staged)

    def write(folder: Path) -> None:
        for number, (name, graph) in enumerate(wanted.items(), 1):
            print(f'exporting to {runtime.name}: {name} ({number} of {len(wanted)})', flush=True)
            runtime.write(graph, folder / f'{name}{runtime.suffix}')
    Cache(model).keep(runtime, write)


def main() -> None:
    model, name, nice = sys.argv[1:]
    os.nice(int(nice))
    torch.set_num_threads(1)
    try:
        export(Path(model), RUNTIMES[name]())
    except DcmdError as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
