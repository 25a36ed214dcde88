"""The time by which waiting and silence are measured."""

from __future__ import annotations

from dcmd_ros.stream.config import SECOND, Modality

JUMP = SECOND  # a larger step at once is a jump, not time gone by
STALLED = SECOND // 2  # of the steady clock without a step of a simulated one


class SteadyClock:
    """
    Live time, nanoseconds.

    now      steady: deadlines run by it
    elapsed  silence is measured by it: steady too, but under simulated time the simulated clock,
             so that nobody falls silent while that stands still, whatever its rate
    paused   the simulated clock stands still
    """

    def __init__(self) -> None:
        self.now = 0
        self.elapsed = 0
        self.paused = False
        self._began = False
        self._simulated: int | None = None
        self._moved = 0

    def advance(self, now: int) -> None:
        """It is `now`; a step back is none."""
        step = max(0, now - self.now) if self._began else 0
        self.now = self.now + step if self._began else now
        self._began = True
        if self._simulated is None:
            self.elapsed += step

    def tick(self, now: int, simulated: int | None) -> None:
        """It is `now`, and `simulated` by the simulated clock, where there is one."""
        self.advance(now)
        step = 0 if simulated is None or self._simulated is None else simulated - self._simulated
        self.elapsed += step if 0 < step <= JUMP else 0
        if simulated is None or simulated != self._simulated:
            self._moved = now
        self._simulated = simulated
        self.paused = now - self._moved > STALLED

    def told(self, modality: Modality, step: int | None) -> None:
        """Messages do not move a steady clock."""


class MessageClock:
    """
    Offline time: it goes on as the stamps of either sensor do.

    Offsets between the sensors and jumps of the stamps do not show in it.
    """

    paused = False

    def __init__(self) -> None:
        self.elapsed = 0
        self._progress: dict[Modality, int] = {}

    @property
    def now(self) -> int:
        return self.elapsed

    def advance(self, now: int) -> None:
        """Nobody's clock counts."""

    def tick(self, now: int, simulated: int | None) -> None:
        """Nobody's clock counts."""

    def told(self, modality: Modality, step: int | None) -> None:
        """
        A message came whose stamp is `step` after the last one's, None = no telling.

        A sensor that once told of too much time, by a wild stamp, does not stop the others' clock.
        """
        progress = self._progress.get(modality, self.elapsed) + max(0, step or 0)
        self._progress[modality] = max(progress, self.elapsed - JUMP)
        self.elapsed = max(self.elapsed, progress)
