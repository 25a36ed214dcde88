"""What the live fault tests share: a real source beside an inspector, and what each must show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from live import SIZE, Bench, BrightSpots, colour, distance, inspector
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from dcmd_ros.frame import MODALITIES, Intrinsics
from dcmd_ros.nodes.camera import CameraOptions, frames, render
from dcmd_ros.nodes.pipeline import Judge
from dcmd_ros.nodes.session import Interruption
from dcmd_ros.nodes.source import RgbdSource, SourceFrame
from dcmd_ros.nodes.source_loop import Loop, Report, SourceOptions

MODEL = Path(__file__).resolve().parents[2] / 'models' / 'dcmd_turned_best.pth'
FPS = 10.0  # slow enough for a machine that is busy with other things
REAL_FPS = 3.0  # with the shipped model
REAL = {'deadline': 1.0, 'lost_after': 2.0, 'freeze_count': 4}  # patience with it
IN_A_ROW = 4  # results; so many messages make the period known
DISCOVERY = 60.0  # s, generous: nodes usually find each other within one
OK, WARN, ERROR = '0', '1', '2'
ALONE = {'rgb': 'depth_only', 'depth': 'rgb_only'}  # the mode that is left without a sensor
SENSORS = pytest.mark.parametrize('sensor', ALONE)
CAMERA = Intrinsics(SIZE[1], SIZE[0], 60.0, 60.0, 31.5, 23.5)
Counts = dict[str, dict[str, str]]


@dataclass
class Rig:
    """
    A bench and what is asserted with it.

    Each wait fails after the bench's limit, and tells what the node said.

    wait  spins the bench until a condition holds; by default without publishing anything
    """

    bench: Bench
    wait: Callable[[Callable[[], Any]], Any] | None = None
    before: Counts = field(default_factory=dict)
    mark: int = 0
    said: int = 0

    def __post_init__(self) -> None:
        self._wait = self.wait or self.bench.wait_for

    def fault(self, text: str) -> None:
        """Let the source have these faults from now on; what follows is seen against now."""
        self.begin()
        answer = self.bench.set_parameter('fault', text, node='camera')
        assert answer.successful, answer.reason

    def begin(self) -> None:
        """Take this moment as the one that counts and results are compared with."""
        self.before = {part: self.bench.status(part)
                       for part in (*MODALITIES, 'pairing', 'inference')}
        self.mark, self.said = len(self.bench.results), len(self.bench.history)

    def found(self) -> bool:
        """Whether a first result came: Fast DDS now and then loses a participant for good."""
        end = time.monotonic() + DISCOVERY
        while not self.bench.results and time.monotonic() < end:
            self.bench.executor.spin_once(timeout_sec=0.05)
        return bool(self.bench.results)

    def healthy(self) -> None:
        """Results of both sensors in a row, all states and levels good."""
        self._wait(self._is_healthy)

    def _is_healthy(self) -> bool:
        statuses = [self.bench.status(part) for part in (*MODALITIES, 'pairing', 'inference')]
        return self._are_results('both') and all(
            status['level'] == OK for status in statuses) and all(
            status['state'] == 'ok' for status in statuses[:2]) and all(
            self.bench.last(m)['state'] == 'ok' for m in MODALITIES)

    def goes_on(self, mode: str, **states: str) -> None:
        """
        Results go on, several in a row of that mode.

        :param states: of the sensors, as the last result says
        """
        self._wait(lambda: self._are_results(mode) and all(
            self.bench.last(sensor)['state'] == state for sensor, state in states.items()))

    def _are_results(self, mode: str) -> bool:
        told = [self.bench.told(result) for result in self.bench.results[self.mark:][-IN_A_ROW:]]
        degraded = 'false' if mode == 'both' else 'true'
        return len(told) == IN_A_ROW and all(
            (keys['mode'], keys['degraded']) == (mode, degraded) for keys in told)

    def stops(self) -> None:
        """No more results, but the node goes on telling how it is."""
        self._wait(self._is_quiet)

    def _is_quiet(self) -> bool:
        results = len(self.bench.results)
        self.refresh()
        self.refresh()
        return len(self.bench.results) == results

    def says(self, part: str, level: str, *texts: str, **keys: str) -> None:
        """A status of /diagnostics holds this level, all these texts and keys at once."""
        self._wait(lambda: self.has_said(part, level, *texts, **keys))

    def has_said(self, part: str, level: str, *texts: str, **keys: str) -> bool:
        """Whether one since the fault began does."""
        return any(
            status['level'] == level and all(text in status['message'] for text in texts)
            and all(status.get(key) == value for key, value in keys.items())
            for status in self.bench.statuses(part, self.said))

    def counts(self, part: str, counter: str, least: int = 1) -> None:
        """A counter rises by so much or more since the fault began."""
        had = int(self.before[part].get(counter, 0))
        self._wait(lambda: int(self.bench.status(part).get(counter, 0)) >= had + least)

    def share(self, part: str, counter: str) -> float:
        """Of the messages since the fault began that this counter counts, of all there were."""
        counted = self.risen(part, counter)
        return counted / (counted + self.risen(part, 'received'))

    def is_prompt(self, limit: float) -> None:
        """A result leaves within so many seconds of its message: nobody is waited for."""
        self._wait(lambda: float(self.bench.last()['latency_ms']) < 1000 * limit)

    def risen(self, part: str, counter: str) -> int:
        """By how much it rose so far since the fault began."""
        return int(self.bench.status(part).get(counter, 0)) \
            - int(self.before[part].get(counter, 0))

    def refresh(self) -> None:
        """Wait until the node has told anew how it is."""
        self.bench.diagnostics.clear()
        self._wait(lambda: self.bench.status('inference')['message'])

    def recovers(self) -> None:
        """The fault ends, and without help all is as before."""
        self.fault('')
        self.healthy()


@contextmanager
def rig(load: Any = BrightSpots, parts: Iterator[SourceFrame] | None = None, fps: float = FPS,
        healthy: bool = True, **parameters: Any) -> Iterator[Rig]:
    """
    Bench, inspector and camera of one test; made anew where the middleware does not find them.

    :param healthy: wait until they are
    :param parameters: of the inspector
    """
    for last in (False, True):
        with Bench(publishes=False) as bench, inspector(load=load, **parameters), \
                camera(parts, fps):
            live = Rig(bench)
            if healthy and not last and not live.found():
                continue
            if healthy:
                live.healthy()
            yield live
            return


@contextmanager
def camera(parts: Iterator[SourceFrame] | None = None, fps: float = FPS) -> Iterator[None]:
    """The product's source with its fault injector, in a thread and a context of its own."""
    context = Context()
    context.init()
    source = RgbdSource('camera', context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(source)
    stop = threading.Event()
    loop = Loop(source, executor, SourceOptions('camera', fps), Report(), Interruption())
    thread = threading.Thread(target=loop.run, args=(until(stop, parts or synthetic()),))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        executor.shutdown()
        source.destroy_node()
        context.shutdown()


def until(stop: threading.Event, parts: Iterator[SourceFrame]) -> Iterator[SourceFrame]:
    for part in parts:
        if stop.is_set():
            return
        yield part


def synthetic() -> Iterator[SourceFrame]:
    """Small noisy pictures, never two alike."""
    while True:
        yield SourceFrame(colour(), distance(), None, 'good', '', CAMERA)


def simulated() -> Iterator[SourceFrame]:
    """Good parts of the kind that the shipped model was trained on."""
    return frames(rendered(), OPTIONS)


OPTIONS = CameraOptions(seed=5, pool=1, defect_rate=0.0)


@cache
def rendered() -> Any:
    return render(OPTIONS)


@cache
def shipped(model: str, device: str, threads: int, engine: str) -> Judge:
    """The real inspector with the shipped model, loaded once for all tests of this process."""
    from dcmd_ros.inspector import Inspector
    return Inspector(MODEL, 'cpu', 1)
