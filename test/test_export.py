"""The whole way as one module: eager, exported and ONNX say the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from detector_rig import OPTIONS
from torch import Tensor

from dcmd_ros.frame import MODES, Mode
from dcmd_ros.network import lite0
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.compensator import context_of
from dcmd_ros.network.confidence import Confidence
from dcmd_ros.network.dcmd import EVIDENCE, Dcmd
from dcmd_ros.network.detector import Detector, Sight
from dcmd_ros.network.export import Outline, Whole, exported, graphs, write_onnx
from dcmd_ros.network.fusion import Scale
from dcmd_ros.network.silhouette import Silhouette
from dcmd_ros.network.stages import plan

SIZE = OPTIONS.network.size


@pytest.fixture(scope='module', params=[False, True], ids=['plain', 'compensated'])
def detector(request: pytest.FixtureRequest) -> Detector:
    """Random students and memories, each map on a scale of its own."""
    torch.manual_seed(0)
    network = Dcmd(replace(OPTIONS.network, compensator=request.param))
    for memory in network.memories.values():
        memory.bank.normal_()
    network.slopes.bank.normal_(std=0.2)
    scales = {mode: Scale({name: (0.1 * n, 1.0 + n) for n, name in enumerate(EVIDENCE[mode])},
                          centre=0.5, spread=2.0, slopes=(0.1, 0.2)) for mode in MODES}
    return Detector(network.folded(), Backbone(size=SIZE), scales,
                    confidence=Confidence(lite0.CHANNELS))


def frame(mode: Mode, seed: int = 0) -> dict[str, Any]:
    """Noise for images, a part that leaves a rim, and holes in its depth."""
    generator = torch.Generator().manual_seed(seed)
    images = {m: torch.rand((1, 3, SIZE, SIZE), generator=generator) * 2 - 1
              for m, wanted in (('rgb', 'depth_only'), ('depth', 'rgb_only')) if mode != wanted}
    part = torch.zeros(1, SIZE, SIZE, dtype=torch.bool)
    part[:, 8:50, 12:56] = True
    valid = torch.rand((1, SIZE // 8, SIZE // 8), generator=generator) > 0.3
    valid = valid.repeat_interleave(8, 1).repeat_interleave(8, 2)
    doubts = torch.rand((1, len(images)), generator=generator) / 2 + 0.5
    return {'images': images, 'part': part,
            **({} if mode == 'rgb_only' else {'valid': valid}), 'statistics': doubts}


def wanted(detector: Detector, given: dict[str, Any], mode: Mode) -> tuple[Tensor, ...]:
    """The detector's own way."""
    with torch.inference_mode():
        features = detector.network.features(detector.teacher, given['images'])
        trust = detector.confidence.maps(features, given['part'], given.get('valid'))
        context = context_of(detector.network.compensator, features, given['part'],
                             given.get('valid'), trust)
        sight = Sight(mode, features, given['part'], given.get('valid'), given['statistics'],
                      trust, context, given['images'].get('depth'))
        found, seen = detector.judge(sight)
        return found[None, None] + detector.scales[mode].threshold, \
            seen[None, None].float(), *trust.values()


def same(found: Any, expected: tuple[Tensor, ...]) -> None:
    found_, seen, *trust = (torch.as_tensor(np.asarray(f)) for f in found)
    torch.testing.assert_close(found_, expected[0], rtol=1e-3, atol=1e-3)
    assert torch.equal(seen, expected[1])
    torch.testing.assert_close(trust, list(expected[2:]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('mode', MODES)
def test_one_module_does_what_the_detector_does(detector: Detector, mode: Mode) -> None:
    for seed in range(2):
        given = frame(mode, seed)
        with torch.inference_mode():
            same(Whole(detector, mode)(**given), wanted(detector, given, mode))


@pytest.mark.parametrize('mode', MODES)
def test_the_stages_of_a_plan_say_the_same(detector: Detector, mode: Mode) -> None:
    whole, stages = Whole(detector, mode), graphs(detector, None, staged=True)
    if detector.network.compensator is not None:
        assert list(stages) == list(MODES), 'restored features need the trust first'
        return
    given = frame(mode)
    known = {f'images_{m}': image for m, image in given.pop('images').items()} | given
    assert list(known) == whole.inputs
    with torch.inference_mode():
        for chains in plan(mode):
            found = [followed([stages[name] for name in chain], known) for chain in chains]
            known = {name: tensor for each in (known, *found) for name, tensor in each.items()}
        same([known[name] for name in whole.outputs], wanted(detector, frame(mode), mode))


def followed(chain: list[Any], known: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the last stage gives, each of which has only what a runtime gives it."""
    found: dict[str, Tensor] = {}
    for stage in chain:
        given = tuple((known | found)[name] for name in stage.inputs)
        found = dict(zip(stage.outputs, stage(given), strict=True))
    return found


def test_plans_and_stages_are_of_each_other(detector: Detector) -> None:
    if detector.network.compensator is None:
        named = {name for mode in MODES for chains in plan(mode) for chain in chains
                 for name in chain}
        assert named == set(graphs(detector, None, staged=True))


@pytest.mark.parametrize('mode', MODES)
def test_torch_export_says_the_same(detector: Detector, mode: Mode) -> None:
    program = exported(Whole(detector, mode)).module()
    for seed in range(2):
        given = frame(mode, seed)
        with torch.no_grad():
            same(program(**given), wanted(detector, given, mode))


@pytest.mark.parametrize('mode', MODES)
def test_onnx_says_the_same(detector: Detector, mode: Mode, tmp_path: Path) -> None:
    runtime = pytest.importorskip('onnxruntime', reason='onnxruntime is an extra')
    pytest.importorskip('onnxscript', reason='onnxscript is an extra')
    path = tmp_path / 'whole.onnx'
    write_onnx(Whole(detector, mode), path)
    session = runtime.InferenceSession(path, providers=['CPUExecutionProvider'])
    for seed in range(2):
        given = frame(mode, seed)
        tensors = {f'images_{m}': image for m, image in given['images'].items()} | {
            name: given[name] for name in ('part', 'valid', 'statistics') if name in given}
        assert [i.name for i in session.get_inputs()] == list(tensors)
        found = session.run(None, {n: t.numpy() for n, t in tensors.items()})
        assert [o.name for o in session.get_outputs()][:2] == ['evidence', 'seen']
        same(found, wanted(detector, given, mode))


def test_the_outline_is_that_of_the_silhouette(detector: Detector) -> None:
    silhouette = Silhouette(lite0.CHANNELS).eval()
    image = torch.rand((1, 3, SIZE // 2, SIZE // 2)) * 2 - 1
    found = exported(Outline(silhouette, detector.teacher)).module()(image=image)
    assert torch.equal(found, silhouette.outline(detector.teacher, image, SIZE))


def test_the_detector_itself_is_left_as_it_was(detector: Detector) -> None:
    Whole(detector, 'both')
    assert not any(memory.everywhere for memory in detector.network.memories.values())
