"""How a sensor fares, with hysteresis, from the facts of its stream."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from dcmd_ros.stream.config import SECOND, PairingConfig

State = Literal['waiting', 'ok', 'late', 'degraded', 'frozen', 'lost', 'idle', 'paused',
                'unsynchronised', 'disabled']

STALLED = SECOND // 2  # of the steady clock without a step of /clock
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
    """

    silent: bool = False
    both_silent: bool = False
    missed_shots: bool = False
    unsynchronised: bool = False


class Health:
    """One sensor's state; `advance` moves the time by which its silence is measured."""

    def __init__(self, config: PairingConfig, disabled: bool = False) -> None:
        self.config = config
        self._disabled = disabled
        self._began: int | None = None
        self._time = 0
        self._heard: int | None = None
        self._digest: int | None = None
        self._same = 0
        self._late: deque[bool] = deque(maxlen=LATE_WINDOW)
        self._is_late = False
        self._trust = 1.0
        self._is_degraded = False
        self._clock: int | None = None
        self._clock_moved: int | None = None
        self._stood = 0
        self._paused = False

    def advance(self, time: int) -> None:
        """It is `time` now, less the while for which a simulated clock stood still."""
        self._time = time - self._stood
        if self._began is None:
            self._began = self._time

    def heard(self, time: int, digest: int | None) -> None:
        """A message came."""
        self.advance(time)
        self._heard = self._time
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

    def tick(self, now: int, clock: int | None) -> None:
        """Look at a simulated clock: while it stands still, silence does not count."""
        if clock is None:
            self._paused, self._clock = False, None
            return
        if clock != self._clock or self._clock_moved is None:
            self._clock, self._clock_moved, self._paused = clock, now, False
        elif now - self._clock_moved > STALLED:
            self._stood += now - self._clock_moved - (STALLED if not self._paused else 0)
            self._clock_moved, self._paused = now, True

    @property
    def silence(self) -> int | None:
        """Nanoseconds since the last message, None before the first."""
        return None if self._heard is None else max(0, self._time - self._heard)

    @property
    def frozen(self) -> bool:
        """The last `freeze_count` payloads were the same."""
        return 0 < self.config.freeze_count <= self._same

    def is_silent(self, period: int | None) -> bool:
        """Silent for longer than `lost_after`, or not there when the grace is over."""
        if self.silence is not None:
            return self.silence > self.config.lost_ns(period)
        began = self._time if self._began is None else self._began
        return self._time - began > self.config.grace * SECOND

    def state(self, facts: Facts) -> State:
        """What to call it; the first that holds, the gravest first."""
        triggered = self.config.triggered
        rules: tuple[tuple[bool, State], ...] = (
            (self._disabled, 'disabled'), (self._paused, 'paused'),
            (facts.missed_shots, 'lost'), (triggered and facts.both_silent, 'idle'),
            (facts.silent and not triggered, 'lost'), (self._heard is None, 'waiting'),
            (facts.unsynchronised, 'unsynchronised'), (self.frozen, 'frozen'),
            (self._is_late, 'late'), (self._is_degraded, 'degraded'))
        return next((state for holds, state in rules if holds), 'ok')
