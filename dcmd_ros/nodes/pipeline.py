"""What the inference thread does with a shot: convert, inspect, apply the policy, publish."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Protocol

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
    def warnings(self) -> list[str]: ...

    def warm_up(self) -> None: ...

    def inspect(
            self, frame: Frame, roi: tuple[int, int, int, int] | None = None,
            min_region_area: int = 0) -> Inspection: ...


Load = Callable[[str, str, int, str], Judge]


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


class Pipeline:
    """
    Owned by the inference thread, but for `settings` and `publish`, which the executor swaps.

    :param now: the clock that stamps are told by, nanoseconds
    :param deliver: gets each result, on the inference thread
    :param steady: the clock that arrivals are told by, nanoseconds
    """

    def __init__(
            self, load: Load, converter: Converter, tally: Tally, now: Callable[[], int],
            settings: Settings, deliver: Callable[[Shot, Result], None],
            steady: Callable[[], int] = time.monotonic_ns) -> None:
        self.settings = settings
        self.judge: Judge | None = None
        self.loaded = ''
        self._load = load
        self.converter = converter
        self._tally = tally
        self._now = now
        self._steady = steady
        self._deliver = deliver

    def load(self) -> None:
        """Load and warm up the model of the settings; on failure the old one stays."""
        settings = self.settings
        judge = self._load(settings.model, settings.device, settings.threads,
                           settings.engine)
        judge.warm_up()
        self.judge, self.loaded = judge, settings.model

    def unload(self) -> None:
        self.judge, self.loaded = None, ''

    def run(self, shot: Shot) -> None:
        """One shot to one result; a shot that cannot be read is counted, with its cause."""
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
        inspection = no_verdict(frame) if shot.live.empty else judge.inspect(
            frame, settings.region(), settings.min_region_area)
        judged = self._steady()
        self._finish(shot, frame, inspection, judge.category)
        self._tally.stages({
            'wait': (begun - shot.received) / 1e6, 'decode': (decoded - begun) / 1e6,
            **inspection.timings, 'publish': (self._steady() - judged) / 1e6})

    def _finish(
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
