"""
One detector in a process of its own, for `peers.py`: ours, or a model of anomalib's.

    python peer_worker.py NAME ENGINE FRAME.npz THREADS [MODEL]

It says {"ready": milliseconds} or {"error": text} once, and then answers each line `PASSES CALLS`
with {"times": milliseconds} of so many calls, from arrays to a map of their size. It runs in the
environment that has what it measures, and imports nothing of the other.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

NAMES = {'patchcore': 'Patchcore', 'efficientad': 'EfficientAd', 'stfpm': 'Stfpm',
         'fastflow': 'Fastflow', 'cfm': 'CFM'}
PLACES, WIDTH = 200 * 32 * 32 // 10, 512 + 1024  # 200 frames of 256x256, a tenth of their places
WARM = 2
_declared: list[Any] = []

Map = NDArray[np.float32]
Job = Callable[[int], Map]
Shown = Mapping[str, NDArray[Any]]


def main() -> None:
    name, engine, frame, threads, *model = sys.argv[1:]
    say, shown = answers(), np.load(frame)
    try:
        job = job_of(name, engine, shown, int(threads), *model)
        for _ in range(WARM):
            ready = timed(job, 1)
    except Exception as error:  # whatever a library stumbles over is told, and the rest goes on
        print(json.dumps({'error': f'{type(error).__name__}: {told(error)}'}), file=say)
        return
    print(json.dumps({'ready': ready}), file=say)
    for line in sys.stdin:
        passes, calls = map(int, line.split())
        print(json.dumps({'times': [timed(job, passes) for _ in range(calls)]}), file=say)


def answers() -> TextIO:
    """Where answers go; what libraries print goes to stderr."""
    stream = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)
    return stream


def told(error: Exception) -> str:
    return ' '.join(str(error).split())[:200]


def timed(job: Job, passes: int) -> float:
    begin = time.perf_counter()
    job(passes)
    return (time.perf_counter() - begin) * 1e3


def job_of(name: str, engine: str, shown: Shown, threads: int, model: str = '') -> Job:
    """What makes a map of the frame; `passes` is 1 for colour alone, 2 for depth as well."""
    if name == 'ours':
        return ours(model, engine, shown, threads)
    peer = untrained(name, threads)
    if name == 'cfm':
        return crossmodal(peer, engine, shown)
    size = (shown['rgb'].shape[0], shown['rgb'].shape[1])
    judge = eager(peer) if engine == 'torch' else exported(peer, engine, size, threads)
    pictures = [shown['rgb'], grey(shown['depth'])]
    return lambda passes: np.maximum.reduce(
        [spread(judge(picture), size) for picture in pictures[:passes]])


def ours(model: str, engine: str, shown: Shown, threads: int) -> Job:
    """The inspector, both sensors at once whatever the passes."""
    from dcmd_ros.frame import Frame
    from dcmd_ros.inspector import Inspector
    inspector = Inspector(model, 'cpu', threads, engine)
    if not inspector.engine.startswith(engine):
        raise RuntimeError(inspector.engine)
    frame = Frame(0, rgb=shown['rgb'], depth=shown['depth'])
    return lambda _: inspector.inspect(frame).map


def untrained(name: str, threads: int) -> Any:
    """A model of anomalib's, random weights, as it comes; PatchCore's bank is of random places."""
    import torch
    torch.set_num_threads(threads)
    declare_operators()
    without_weights()
    import anomalib.models
    settings = {'pointmae_weights': empty_weights()} if name == 'cfm' else {}
    model = getattr(anomalib.models, NAMES[name])(**settings).eval()
    if name == 'patchcore':
        model.model.memory_bank = torch.randn(PLACES, WIDTH)
    return model


def declare_operators() -> None:
    """
    Lets torchvision be imported where its compiled part does not load beside a CPU torch.

    Its import wants these two declared; no peer calls them.
    """
    from torch.library import Library
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        _declared.append(Library('torchvision', 'FRAGMENT'))
        for operator in ('nms', 'qnms'):
            _declared[0].define(f'{operator}(Tensor dets, Tensor scores, float iou_threshold)'
                                ' -> Tensor')
        for loaded in [module for module in sys.modules if module.startswith('torchvision')]:
            del sys.modules[loaded]
        import torchvision  # noqa: F401


def without_weights() -> None:
    """Backbones are made with random weights, so that nothing is downloaded."""
    import timm
    make = timm.create_model
    timm.create_model = lambda *args, **given: make(*args, **{**given, 'pretrained': False})


def empty_weights() -> Path:
    """What CFM takes for Point-MAE's weights, with none in it."""
    import torch
    path = Path('none.pth').resolve()
    torch.save({'base_model': {}}, path)
    return path


def eager(model: Any) -> Callable[[NDArray[np.uint8]], Map]:
    import torch

    @torch.inference_mode()
    def judge(picture: NDArray[np.uint8]) -> Map:
        image = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
        return model(image).anomaly_map[0, 0].numpy()
    return judge


def exported(model: Any, engine: str, size: tuple[int, int], threads: int,
             ) -> Callable[[NDArray[np.uint8]], Map]:
    """Its own OpenVINO export and inferencer; OpenVINO chooses the precision, or f32."""
    from anomalib.deploy import OpenVINOInferencer
    path = model.to_openvino(Path.cwd(), input_size=size,
                             onnx_kwargs={'dynamic_shapes': None, 'dynamic_axes': None})
    settings: dict[str, Any] = {'INFERENCE_NUM_THREADS': threads}
    if engine == 'openvino-f32':
        settings['INFERENCE_PRECISION_HINT'] = 'f32'
    inferencer = OpenVINOInferencer(path, 'CPU', settings)
    return lambda picture: inferencer.predict(picture).anomaly_map[0, 0]


def crossmodal(model: Any, engine: str, shown: Shown) -> Job:
    """CFM takes both sensors: colour and points, those off the part zeroed as its authors do."""
    import torch
    if engine != 'torch':
        model.to_openvino(Path.cwd(), input_size=(224, 224))
    size = (shown['rgb'].shape[0], shown['rgb'].shape[1])

    @torch.inference_mode()
    def judge(_: int) -> Map:
        points = np.where(shown['part'][..., None], shown['xyz'], np.float32(0))
        rgb, xyz = (torch.from_numpy(image).permute(2, 0, 1)[None].float()
                    for image in (shown['rgb'], points))
        small = torch.nn.functional.interpolate(xyz, (224, 224))
        found = model({'image': model.pre_processor(rgb / 255), 'point_cloud': small})
        return spread(found.anomaly_map[0, 0].numpy(), size)
    return judge


def grey(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Depth as the picture that a colour model can take, nearest is black."""
    valid = depth > 0
    low, high = np.percentile(depth[valid], (1, 99))
    scaled = np.where(valid, (depth - low) / max(high - low, 1e-6), 0).clip(0, 1)
    return np.repeat((scaled * 255).astype(np.uint8)[..., None], 3, axis=2)


def spread(found: Map, size: tuple[int, int]) -> Map:
    """A map at the size of the frame."""
    return np.asarray(cv2.resize(found, size[::-1]), np.float32)


if __name__ == '__main__':
    main()
