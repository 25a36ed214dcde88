"""What the inference thread does with a shot: convert, inspect, apply the policy, publish."""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Frame, Intrinsics, Modality
from dcmd_ros.framing.conversion import Converter
from dcmd_ros.framing.shot import Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.parameters import Settings
from dcmd_ros.nodes.result import NAN, Result, Sensor
from dcmd_ros.stream.health import LOSSES
from dcmd_ros.stream.passes import Policy


class Judge(Protocol):
    """What the node needs of `dcmd_ros.inspector.Inspector`."""

    @property
    def category(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def engine(self) -> str: ...

    @property
    def intrinsics(self) -> Intrinsics | None: ...

    @property
    def at_once(self) -> int:
        """Frames that are worth inspecting at the same time, each on a thread of its own."""
        ...

    @property
    def warnings(self) -> list[str]: ...

    def warm_up(self) -> None: ...

    def inspect(
            self, frame: Frame, roi: tuple[int, int, int, int] | None = None,
            min_region_area: int = 0) -> Inspection: ...


Load = Callable[[str, str, int, str], Judge]
T = TypeVar('T')


def load_inspector(model: str, device: str, threads: int, engine: str,
                   background: bool = False) -> Judge:
    """
    The real thing; imports torch only now, on the thread that will use it.

    :param background: torch serves until another engine is ready
    """
    if not model:
        raise DcmdError('parameter model is empty: set it to a checkpoint of `dcmd_ros train`')
    from dcmd_ros.inspector import Inspector
    return Inspector(model, device, threads, engine, background)


def load_live(model: str, device: str, threads: int, engine: str) -> Judge:
    """As the live node wants it: the first verdict soon."""
    return load_inspector(model, device, threads, engine, background=True)


@dataclasses.dataclass(frozen=True)
class _Begun:
    """
    A shot whose frame is being inspected.

    judging         gives the inspection, and when it was there
    begun, decoded  when work on it began, and when it was a frame
    """

    shot: Shot
    frame: Frame
    category: str
    judging: Future[tuple[Inspection, int]]
    begun: int
    decoded: int


class Pipeline:
    """
    Owned by the inference thread, but for `settings`, which the executor swaps.

    As many frames as the model is ready for are inspected at once, on threads of their own; they
    are delivered in the order in which they came.

    :param now: the clock that stamps are told by, nanoseconds
    :param deliver: gets each result, on the inference thread
    :param steady: the clock that arrivals are told by, nanoseconds
    :param judged: called when a frame can be finished, on any thread
    """

    def __init__(
            self, load: Load, converter: Converter, tally: Tally, now: Callable[[], int],
            settings: Settings, deliver: Callable[[Shot, Result], None],
            steady: Callable[[], int] = time.monotonic_ns,
            judged: Callable[[], None] = lambda: None) -> None:
        self.settings = settings
        self.judge: Judge | None = None
        self.loaded = ''
        self._load = load
        self.converter = converter
        self._tally = tally
        self._now = now
        self._steady = steady
        self._deliver = deliver
        self._judged = judged
        self._begun: deque[_Begun] = deque()
        self._threads: Executor | None = None

    def load(self) -> None:
        """
        Load and warm up the model of the settings; on failure the old one stays.

        Nothing may have been begun and not finished.
        """
        settings = self.settings
        judge = self._load(settings.model, settings.device, settings.threads,
                           settings.engine)
        judge.warm_up()
        threads = ThreadPoolExecutor(judge.at_once, 'frame') if judge.at_once > 1 else None
        self.unload()
        self.judge, self.loaded, self._threads = judge, settings.model, threads

    def unload(self) -> None:
        """Nothing may have been begun and not finished."""
        self.judge, self.loaded = None, ''
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    def run(self, shot: Shot) -> None:
        """One shot to one result."""
        self.begin(shot)
        while self.finish(wait=True):
            pass

    @property
    def idle(self) -> bool:
        """Whether nothing was begun that is not finished."""
        return not self._begun

    @property
    def room(self) -> bool:
        """Whether another shot may begin."""
        return len(self._begun) < (1 if self.judge is None else self.judge.at_once)

    def begin(self, shot: Shot) -> None:
        """Have a shot's frame inspected; one that cannot be read is counted, with its cause."""
        settings, judge = self.settings, self.judge
        if judge is None:
            self._tally.count('inference', 'no_model')
            return
        for modality in shot.frozen:
            self._tally.count(modality, 'frozen')
        begun = self._steady()
        trusted = shot if shot.live.empty else shot.live
        frame = self.converter.frame(trusted, settings)
        if frame is None:
            self._tally.count('inference', 'unreadable')
            return
        decoded = self._steady()

        def inspected() -> tuple[Inspection, int]:
            inspection = no_verdict(frame) if shot.live.empty else judge.inspect(
                frame, settings.region(), settings.min_region_area)
            return inspection, self._steady()
        judging = self._submit(inspected)
        self._begun.append(_Begun(shot, frame, judge.category, judging, begun, decoded))
        judging.add_done_callback(lambda _: self._judged())

    def _submit(self, job: Callable[[], T]) -> Future[T]:
        if self._threads is not None:
            return self._threads.submit(job)
        done: Future[T] = Future()
        try:
            done.set_result(job())
        except Exception as error:
            done.set_exception(error)
        return done

    def finish(self, wait: bool = False) -> bool:
        """
        One result, of the shot that was begun first, if its frame has been inspected.

        :param wait: until it has
        :returns: false where there is none
        """
        if not self._begun or not (wait or self._begun[0].judging.done()):
            return False
        first = self._begun[0]
        try:
            inspection, judged = first.judging.result()
        finally:
            self._begun.popleft()
        self._publish(first.shot, first.frame, inspection, first.category)
        self._tally.stages({
            'wait': (first.begun - first.shot.received) / 1e6,
            'decode': (first.decoded - first.begun) / 1e6,
            **inspection.timings, 'publish': (self._steady() - judged) / 1e6})
        return True

    def _publish(
            self, shot: Shot, frame: Frame, inspection: Inspection, category: str) -> None:
        now = self._now()
        sensors = {m: sensor(m, shot, frame, inspection, now) for m in MODALITIES}
        policy = policy_of(sensors, self.settings)
        if policy != 'continue':
            inspection = dataclasses.replace(inspection, verdict='unknown')
        leading = shot.rgb if frame.rgb is not None else shot.depth
        assert leading is not None
        latency = (self._steady() - shot.received) / 1e6
        self._deliver(shot, Result(
            leading.header, frame, inspection, sensors, latency, category, policy))
        self._tally.count('inference', 'results')
        self._tally.latency(latency)
        self._tally.clear('inference')


def sensor(
        modality: Modality, shot: Shot, frame: Frame, inspection: Inspection,
        now: int) -> Sensor:
    """The modality's part in the result; one that came and could not be used is degraded."""
    arrival, state = shot.arrival(modality), shot.states[modality]
    if arrival is None or modality not in frame.present:
        refused = arrival is not None and state not in LOSSES
        return Sensor('degraded' if refused else state)
    return Sensor(state, inspection.confidence.get(modality, NAN), arrival.stamp,
                  (now - arrival.stamp) / 1e6)


def policy_of(sensors: Mapping[Modality, Sensor], settings: Settings) -> Policy:
    """What `on_sensor_loss` asks for, the stricter one where both sensors have trouble."""
    asked = {settings.policy(m) for m in MODALITIES if sensors[m].state in LOSSES}
    strictest: tuple[Policy, ...] = ('reject', 'unknown')
    return next((policy for policy in strictest if policy in asked), 'continue')


def no_verdict(frame: Frame) -> Inspection:
    """Of a frame whose sensors all lie: nothing could be scored."""
    assert frame.mode is not None
    return Inspection(
        frame.stamp, frame.frame_id, frame.mode, 'unknown', NAN,
        np.full(frame.size, np.nan, np.float32), np.zeros(frame.size, np.uint8),
        dict.fromkeys(MODALITIES, NAN))
