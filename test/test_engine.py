"""Engines: the same as torch, chosen by measuring, refused in plain words."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from detector_rig import frame_of, has_hole
from engine_rig import Disguise, Timed, untrained, written

from dcmd_ros.frame import MODES
from dcmd_ros.inspector import Inspector
from dcmd_ros.network import engine_start
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.network.engine import EngineError
from dcmd_ros.network.engine_build import RUNTIMES, build
from dcmd_ros.network.engine_choice import Choice, Chooser
from dcmd_ros.network.engine_start import EngineStart, runtimes_for


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp('model') / 'dcmd_disc_best.pth')


# The real runtimes.

@pytest.mark.parametrize('name', RUNTIMES)
def test_an_engine_says_the_same_as_torch(model: Path, name: str) -> None:
    pytest.importorskip(name, reason=f'{name} is an extra')
    if name == 'onnxruntime':
        pytest.importorskip('onnxscript', reason='onnxscript is an extra')
    plain, quick = Inspector(model, 'cpu'), Inspector(model, 'cpu', engine=name)
    assert quick.engine.startswith(f'{name} ') and not quick.warnings[1:]
    quick.warm_up()
    near = 2e-2 if 'bf16' in quick.engine.split()[1] else 5e-3
    for seed, mode in enumerate(MODES):
        for frame in (frame_of(seed), has_hole(frame_of(seed))):
            given = replace(frame, rgb=None if mode == 'depth_only' else frame.rgb,
                            depth=None if mode == 'rgb_only' else frame.depth)
            one, other = plain.inspect(given), quick.inspect(given)
            np.testing.assert_allclose(other.map, one.map, atol=near)
            assert other.verdict == one.verdict and other.mode == mode
            assert other.confidence == pytest.approx(dict(one.confidence), abs=near, nan_ok=True)
            maps = [i.confidence_maps(given) for i in (plain, quick)]
            for modality in given.present:
                np.testing.assert_allclose(maps[1][modality], maps[0][modality], atol=near)


def test_the_second_start_exports_nothing(model: Path) -> None:
    pytest.importorskip('openvino', reason='openvino is an extra')
    Inspector(model, 'cpu', engine='openvino')
    before = {path: path.stat().st_mtime_ns for path in model.parent.rglob('*.xml')}
    Inspector(model, 'cpu', engine='openvino')
    assert before and before == {p: p.stat().st_mtime_ns for p in model.parent.rglob('*.xml')}


def test_an_export_that_fails_says_so(tmp_path: Path) -> None:
    broken = tmp_path / 'broken.pth'
    broken.write_bytes(b'no model')
    with pytest.raises(EngineError, match='engine openvino: the export failed: .*broken.pth'):
        build(broken, Disguise('openvino', 1.0), lambda line: None)


# The choice, with engines of the test's own.

@pytest.fixture
def timed(model: Path, monkeypatch) -> Timed:
    found = load_checkpoint(model)
    monkeypatch.setattr(Timed, 'now', 0.0)
    return Timed(found.network.folded(), Backbone(found.config.backbone, found.config.size),
                 found.scales, confidence=found.confidence)


@pytest.fixture
def chooser(timed: Timed, model: Path, tmp_path: Path) -> Chooser:
    return chooser_of(timed, model, tmp_path)


def chooser_of(timed: Timed, model: Path, folder: Path, build: Any = None) -> Chooser:
    copied = folder / model.name
    copied.write_bytes(model.read_bytes())
    silhouette = load_checkpoint(model).silhouette
    assert silhouette is not None
    return Chooser(copied, timed, 1, lambda line: None,
                   build or written(timed, silhouette), lambda: Timed.now)


def chosen(chooser: Chooser, *runtimes: Disguise, insist: bool = False) -> Choice:
    return chooser.choose({r.name: r for r in runtimes}, insist)


def test_the_fastest_that_agrees_is_chosen(chooser: Chooser) -> None:
    choice = chosen(chooser, Disguise('middle', 7.0), Disguise('quick', 3.0),
                    Disguise('wrong', 1.0, error=50.0))
    assert choice.engine is not None and choice.engine.name == 'quick f32'
    assert choice.reason.startswith('quick f32 3.0 ms, middle f32 7.0 ms, torch 10.0 ms')
    assert 'wrong f32 differs from torch by' in choice.reason


def test_torch_stays_where_it_is_fastest(chooser: Chooser) -> None:
    assert chosen(chooser, Disguise('slow', 12.0)).engine is None


def test_who_insists_gets_the_slower_one(chooser: Chooser) -> None:
    choice = chosen(chooser, Disguise('slow', 12.0), insist=True)
    assert choice.engine is not None and choice.engine.name == 'slow f32'


def test_who_insists_does_not_get_a_wrong_one(chooser: Chooser) -> None:
    with pytest.raises(EngineError, match='wrong f32 differs from torch by .*, more than 0.02'):
        chosen(chooser, Disguise('wrong', 1.0, error=50.0), insist=True)


def test_a_coarser_precision_may_differ_more(chooser: Chooser) -> None:
    choice = chosen(chooser, Disguise('fine', 1.0, error=0.15),
                    Disguise('coarse', 2.0, error=0.15, precision='bf16'))
    assert choice.engine is not None and choice.engine.name.startswith('coarse')
    assert 'fine f32 differs from torch by 0.0' in choice.reason


def test_the_choice_is_remembered_and_checked_again(
        chooser: Chooser, timed: Timed, model: Path, tmp_path: Path) -> None:
    first = chosen(chooser, Disguise('quick', 3.0))
    again = chosen(chooser_of(timed, model, tmp_path), Disguise('quick', 99.0))
    assert again.engine is not None and again.reason == first.reason, 'should not be timed again'
    wrong = chosen(chooser_of(timed, model, tmp_path), Disguise('quick', 3.0, error=50.0))
    assert wrong.engine is None, 'should be compared again'


def test_torch_as_the_choice_is_remembered_too(
        chooser: Chooser, timed: Timed, model: Path, tmp_path: Path) -> None:
    chosen(chooser, Disguise('slow', 12.0))
    later = Disguise('slow', 1.0)
    assert chosen(chooser_of(timed, model, tmp_path), later).engine is None
    assert later.loaded == 0


def test_what_exports_nothing_is_no_engine(timed: Timed, model: Path, tmp_path: Path) -> None:
    chooser = chooser_of(timed, model, tmp_path, lambda *_: None)
    choice = chosen(chooser, Disguise('empty', 1.0))
    assert choice.engine is None and 'empty: what was exported is not whole' in choice.reason
    assert not list(tmp_path.rglob('choice-*')), 'should be tried again next time'


# The setting.

@pytest.mark.parametrize('engine, device, said', [
    ('fast', 'cpu', "engine 'fast' is unknown: choose auto, torch, openvino"),
    ('tensorrt', 'cuda:0', 'engine tensorrt is not part of this version: set engine to torch'),
    ('openvino', 'cuda:0', 'engine openvino runs on the CPU: set device to cpu')])
def test_what_cannot_be_had_is_refused(engine: str, device: str, said: str) -> None:
    with pytest.raises(EngineError) as refused:
        runtimes_for(engine, device)
    assert str(refused.value).startswith(said) and '\n' not in str(refused.value)


@pytest.mark.parametrize('name', RUNTIMES)
def test_a_library_that_is_not_installed_is_named_with_its_cure(
        model: Path, name: str, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EngineError, match=rf'pip install "dcmd_ros\[{name}\]"'):
        Inspector(model, 'cpu', engine=name)


def test_auto_without_any_library_is_torch(model: Path, monkeypatch) -> None:
    for name in RUNTIMES:
        monkeypatch.setitem(sys.modules, name, None)
    inspector = Inspector(model, 'cpu', engine='auto')
    assert inspector.engine == 'torch (auto; neither openvino nor onnxruntime is installed)'
    assert runtimes_for('auto', 'cuda:0') == {}


class Slow:
    """A chooser that waits for the test, and then finds what it was told to."""

    found: Choice | Exception
    go: threading.Event

    def __init__(self, model: Path, detector: object, threads: int, tell: object,
                 build: object) -> None:
        tell('exporting: both (1 of 4)')  # type: ignore[operator]

    def choose(self, runtimes: object, insist: bool) -> Choice:
        assert self.go.wait(60)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def slow(monkeypatch) -> type[Slow]:
    monkeypatch.setattr(engine_start, 'Chooser', Slow)
    monkeypatch.setattr(engine_start, 'RUNTIMES', {'quick': lambda: Disguise('quick', 1.0)})
    monkeypatch.setattr(Slow, 'go', threading.Event(), raising=False)
    return Slow


def started(timed: Timed, warnings: list[str]) -> EngineStart:
    start = EngineStart('auto', Path('model.pth'), timed, 1, True, warnings.append)
    assert timed.engine is None, 'torch should serve meanwhile'
    return start


def finish(slow: type[Slow]) -> None:
    slow.go.set()
    for thread in threading.enumerate():
        if thread.name == 'engine':
            thread.join(60)


def test_torch_serves_until_the_engine_is_there(slow: type[Slow], timed: Timed) -> None:
    engine = Disguise('quick', 1.0).load({}, 'f32', 1)
    slow.found, warnings = Choice(engine, 'quick 1.0 ms, torch 10.0 ms'), []
    start = started(timed, warnings)
    assert start.state in ('torch', 'torch (exporting: both (1 of 4))')
    finish(slow)
    assert timed.engine is engine and not warnings
    assert start.state == 'quick f32 (quick 1.0 ms, torch 10.0 ms)'


def test_torch_goes_on_where_the_engine_fails(slow: type[Slow], timed: Timed) -> None:
    slow.found, warnings = RuntimeError('no\nroom'), []
    start = started(timed, warnings)
    finish(slow)
    assert timed.engine is None and start.state == 'torch (no room)'
    assert warnings == ['torch runs the network: no room']
