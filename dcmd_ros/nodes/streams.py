"""The synchroniser at work: from arrivals to shots, from results back to health."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.framing.shot import NANOSECONDS, Arrival, Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes.inputs import Inputs
from dcmd_ros.nodes.parameters import Settings
from dcmd_ros.nodes.result import Result
from dcmd_ros.stream.config import PairingConfig
from dcmd_ros.stream.gaps import Gaps
from dcmd_ros.stream.synchronizer import ModalitySynchronizer

if TYPE_CHECKING:
    from rclpy.node import Node

QUEUE_SIZE = 32
SOONEST, LATEST = NANOSECONDS // 500, NANOSECONDS // 50  # of the next look at the deadlines


class Streams:
    """
    Lives on the executor; only `judged` may be called from the inference thread.

    :param emit: gets each shot
    """

    def __init__(
            self, node: Node, inputs: Inputs, tally: Tally, emit: Callable[[Shot], None]) -> None:
        self._node = node
        self._tally = tally
        self._emit = emit
        self._synchronizer = ModalitySynchronizer(
            [inputs.filters[m] for m in MODALITIES], QUEUE_SIZE)
        self._synchronizer.registerCallback(self._make_shot)
        for modality in MODALITIES:
            inputs.filters[modality].registerCallback(self._look_for_gap, modality)
        self.pairing = self._synchronizer.pairing
        self._gaps = {modality: Gaps() for modality in MODALITIES}
        self._trust: queue.SimpleQueue[tuple[Modality, float]] = queue.SimpleQueue()
        self._timer = node.create_timer(
            LATEST / NANOSECONDS, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._timer.cancel()

    def start(self, settings: Settings) -> None:
        self.apply(settings)
        self.reset()
        self._timer.reset()

    def stop(self) -> None:
        """What still waits for its partner is forgotten."""
        self._timer.cancel()
        self.reset()

    def reset(self) -> None:
        """Start anew, counters too."""
        self.pairing.reset()
        self.pairing.counters.clear()
        self._gaps = {modality: Gaps() for modality in MODALITIES}

    def apply(self, settings: Settings) -> None:
        self.pairing.configure(pairing_config(settings))

    def judged(self, shot: Shot, result: Result) -> None:
        """Report how far the inspector trusted each sensor; one it could not read, not at all."""
        for modality in MODALITIES:
            sensor = result.sensors[modality]
            if shot.live.arrival(modality) is not None:
                self._trust.put((modality, 0.0 if sensor.stamp is None else sensor.confidence))

    def counts(self, modality: Modality) -> dict[str, int]:
        """The pairing's drops of a modality by cause."""
        prefix = f'{modality}.'
        return {name.removeprefix(prefix): count
                for name, count in self.pairing.counters.items() if name.startswith(prefix)}

    def _look_for_gap(self, arrival: Arrival, modality: Modality) -> None:
        if not self.pairing.config.triggered:
            self._tally.count(modality, 'missing', self._gaps[modality].missing(arrival.stamp))

    def _make_shot(self, rgb: Arrival | None, depth: Arrival | None) -> None:
        kind = 'pairs' if rgb and depth else 'rgb_alone' if rgb else 'depth_alone'
        self._tally.count('pairing', kind)
        self._emit(Shot(rgb, depth, time.monotonic_ns(), self.pairing.states))

    def _tick(self) -> None:
        try:
            while not self._trust.empty():
                modality, confidence = self._trust.get()
                if confidence == confidence:  # not NaN
                    self.pairing.confidence(modality, confidence)
            self._synchronizer.poll(self._simulated_time())
            self._sleep()
        except Exception as error:
            self._tally.trouble('pairing', 'internal', f'{type(error).__name__}: {error}')

    def _simulated_time(self) -> int | None:
        clock = self._node.get_clock()
        simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
        return clock.now().nanoseconds if simulated else None

    def _sleep(self) -> None:
        """Until the next deadline; soon enough to see one that comes up meanwhile."""
        due = self.pairing.next_deadline()
        left = LATEST if due is None else due - time.monotonic_ns()
        self._timer.timer_period_ns = min(max(left, SOONEST), LATEST)
        self._timer.reset()


def pairing_config(settings: Settings) -> PairingConfig:
    """The pairing's numbers; 0 of a parameter is None here: automatic."""
    return PairingConfig(
        settings.slop or None, settings.deadline or None, settings.lost_after or None,
        settings.depth_offset, settings.acquisition, settings.freeze_count,
        queue_size=QUEUE_SIZE)
