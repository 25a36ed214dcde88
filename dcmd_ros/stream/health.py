"""How a sensor fares, with hysteresis, from the facts of its stream."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from dcmd_ros.stream.config import SECOND, PairingConfig

State = Literal['waiting', 'ok', 'late', 'degraded', 'frozen', 'lost', 'idle', 'paused',
                'unsynchronised', 'disabled']
LOSSES = ('lost', 'degraded', 'frozen', 'unsynchronised')  # a result with one is degraded

LATE_WINDOW, LATE_ENTER, LATE_LEAVE = 10, 0.5, 0.2
TRUST_ENTER, TRUST_LEAVE, TRUST_SHARE = 0.5, 0.6, 0.3


@dataclass(frozen=True)
class Facts:
    """
    What only the pairing knows.

    silent          nothing came for longer than `lost_after`
    both_silent     the same of both sensors
    missed_shots    triggered, and the last shots came without this sensor
    unsynchronised  the two sensors' stamps never meet
    paused          the simulated clock stands still
    """

    silent: bool = False
    both_silent: bool = False
    missed_shots: bool = False
    unsynchronised: bool = False
    paused: bool = False


class Health:
    """One sensor's state; times are nanoseconds of the clock by which silence is measured."""

    def __init__(self, config: PairingConfig, disabled: bool = False) -> None:
        self.config = config
        self._disabled = disabled
        self._heard: int | None = None
        self._digest: int | None = None
        self._same = 0
        self._late: deque[bool] = deque(maxlen=LATE_WINDOW)
        self._is_late = False
        self._trust = 1.0
        self._is_degraded = False

    def heard(self, time: int, digest: int | None) -> None:
        """A message came."""
        self._heard = time
        same = digest is not None and digest == self._digest
        self._same = self._same + 1 if same else 1
        self._digest = digest

    def outcome(self, late: bool) -> None:
        """Whether the message came too late for its partner."""
        self._late.append(late)
        share = sum(self._late) / LATE_WINDOW
        self._is_late = share > LATE_LEAVE if self._is_late else share >= LATE_ENTER

    def confidence(self, value: float) -> None:
        """The inspector's trust in one frame, 0..1; smoothed over a few frames."""
        self._trust += TRUST_SHARE * (value - self._trust)
        self._is_degraded = self._trust < (TRUST_LEAVE if self._is_degraded else TRUST_ENTER)

    def silence(self, time: int) -> int | None:
        """Nanoseconds since the last message, None before the first."""
        return None if self._heard is None else time - self._heard

    def is_silent(self, time: int, period: int | None) -> bool:
        """Silent for longer than `lost_after`, or not there when the grace is over."""
        silence = self.silence(time)
        if silence is None:
            return time > self.config.grace * SECOND
        return silence > self.config.lost_ns(period)

    def state(self, facts: Facts) -> State:
        """What to call it; the first that holds, the gravest first."""
        triggered = self.config.triggered
        rules: tuple[tuple[bool, State], ...] = (
            (self._disabled, 'disabled'), (facts.paused, 'paused'),
            (facts.missed_shots, 'lost'), (triggered and facts.both_silent, 'idle'),
            (facts.silent and not triggered, 'lost'), (self._heard is None, 'waiting'),
            (facts.unsynchronised, 'unsynchronised'), (self._is_frozen(), 'frozen'),
            (self._is_late, 'late'), (self._is_degraded, 'degraded'))
        return next((state for holds, state in rules if holds), 'ok')

    def _is_frozen(self) -> bool:
        known = self._digest is not None
        return known and 0 < self.config.freeze_count <= self._same
