"""Live faults that only a process of its own can have: killed, without a camera, model or GPU."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lifecycle_msgs.msg import Transition
from live import Bench, process
from rig import ERROR, MODEL, REAL_FPS, WARN, Rig, camera, simulated

from dcmd_ros.frame import MODALITIES

pytestmark = pytest.mark.usefixtures('ros_domain')
CAMERA = ('camera', '--pool', '1', '--fps', '3', '--defect-rate', '0')


@contextmanager
def inspecting(
        model: Path, *arguments: str,
        device: str = 'cpu') -> Iterator[tuple[Rig, subprocess.Popen[str]]]:
    """`python -m dcmd_ros inspect` and a bench beside it; patient, as the machine may be busy."""
    with Bench(publishes=False) as bench, process(
            'inspect', '--model', str(model), '--device', device, '--ros-args',
            '-p', 'deadline:=1.0', '-p', 'lost_after:=2.0', *arguments) as node:
        yield Rig(bench), node


def test_source_killed_and_restarted() -> None:
    with inspecting(MODEL) as (live, node):
        with process(*CAMERA) as source:
            live.healthy()
            source.kill()
            live.begin()
            for sensor in MODALITIES:
                live.says(sensor, ERROR, f'no messages on /{sensor}/image for', state='lost')
            live.stops()
        with process(*CAMERA):
            live.healthy()
            for sensor in MODALITIES:
                assert live.risen(sensor, 'jump_forward') == 0
        assert node.poll() is None


def test_no_camera_at_all() -> None:
    with inspecting(MODEL) as (live, node):
        for sensor in MODALITIES:
            live.says(sensor, WARN, f'no messages on /{sensor}/image yet', '(nobody publishes it)',
                      state='waiting')
        for sensor in MODALITIES:
            live.says(sensor, ERROR, f'no messages on /{sensor}/image for',
                      '(nobody publishes it)', state='lost')
        live.says('inference', '0', 'inspecting turned on cpu')
        assert live.bench.results == [] and node.poll() is None
        with camera(simulated(), REAL_FPS):
            live.healthy()


def test_model_missing(tmp_path: Path) -> None:
    model = tmp_path / 'late.pth'
    with inspecting(model) as (live, node), camera(simulated(), REAL_FPS):
        live.says('inference', ERROR, f'{model}: no such model file', lifecycle='unconfigured')
        assert live.bench.results == [] and node.poll() is None
        shutil.copy(MODEL, model)
        live.healthy()


def test_model_corrupt(tmp_path: Path) -> None:
    model = tmp_path / 'cut_short.pth'
    model.write_bytes(MODEL.read_bytes()[:50_000])
    with inspecting(model) as (live, node), camera(simulated(), REAL_FPS):
        live.says('inference', ERROR, f'{model}: cannot be read as a model',
                  lifecycle='unconfigured')
        assert live.bench.results == [] and node.poll() is None
        assert not live.bench.transition(Transition.TRANSITION_CONFIGURE)
        shutil.copy(MODEL, model)
        live.healthy()


def test_cuda_asked_for_and_absent() -> None:
    with inspecting(MODEL, '-p', 'autostart_node:=false', device='cuda:7') as (live, node), \
            camera(simulated(), REAL_FPS):
        bench = live.bench
        bench.ask(Transition.TRANSITION_CONFIGURE, lambda: live.has_said(
            'inference', ERROR, "device 'cuda:7' is not there", 'choose auto or cpu',
            lifecycle='unconfigured'))
        assert bench.results == [] and node.poll() is None
        assert bench.set_parameter('device', 'cpu').successful
        bench.ask(Transition.TRANSITION_CONFIGURE, bench.is_in('inactive'))
        bench.ask(Transition.TRANSITION_ACTIVATE, bench.is_in('active'))
        live.healthy()
