"""One sensor's messages: those that wait, and what is known of the stream."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from dcmd_ros.stream.period import Period

M = TypeVar('M')
REMEMBERED = 64


@dataclass(frozen=True)
class Waiting(Generic[M]):
    """
    A message without its partner as yet.

    stamp     corrected for the constant offset, nanoseconds
    original  as it came
    arrived   local time, nanoseconds
    """

    stamp: int
    original: int
    arrived: int
    message: M


class Track(Generic[M]):
    """
    What one sensor sent since its stamps last jumped.

    waiting  in order of stamps
    newest   largest stamp, None since a jump
    arrived  local time of that message, None before the first
    stale    the other sensor's stamps jumped, and nothing came from this one since
    emitted  stamp of the last message that left unpaired or paired, None since a jump
    """

    def __init__(self) -> None:
        self.waiting: list[Waiting[M]] = []
        self.period = Period()
        self.newest: int | None = None
        self.arrived: int | None = None
        self.stale = False
        self.emitted: int | None = None
        self._stamps: list[int] = []
        self._alone: deque[int] = deque(maxlen=REMEMBERED)

    def add(self, item: Waiting[M]) -> None:
        """Queue a message; a stamp out of order finds its place."""
        bisect.insort(self.waiting, item, key=lambda waiting: waiting.stamp)
        bisect.insort(self._stamps, item.stamp)
        del self._stamps[:-REMEMBERED]
        if self.newest is None or item.stamp > self.newest:
            self.period.add(item.stamp)
            self.newest = item.stamp
            self.arrived = item.arrived
        self.stale = False

    def take(self, item: Waiting[M], alone: bool) -> None:
        """It leaves the queue, with a partner or without."""
        self.waiting.remove(item)
        self.emitted = max(item.stamp, self.emitted or item.stamp)
        if alone:
            self._alone.append(item.stamp)

    def restart(self) -> None:
        """The stamps that come have nothing to do with those that came."""
        self.waiting.clear()
        self._stamps.clear()
        self._alone.clear()
        self.period.restart()
        self.newest = self.emitted = None

    @property
    def reached(self) -> int | None:
        """How far the stamps got, in the time base that now holds."""
        return None if self.stale else self.newest

    def has(self, stamp: int) -> bool:
        """Whether this very stamp came before."""
        at = bisect.bisect_left(self._stamps, stamp)
        return at < len(self._stamps) and self._stamps[at] == stamp

    def within(self, stamp: int, slop: int) -> list[Waiting[M]]:
        """The waiting messages at most `slop` away."""
        return [item for item in self.waiting if abs(item.stamp - stamp) <= slop]

    def came_near(self, stamp: int, slop: int) -> bool:
        """Whether any message, waiting or gone, came at most `slop` away."""
        return any(abs(other - stamp) <= slop for other in self._near(stamp))

    def went_alone_near(self, stamp: int, slop: int) -> bool:
        """Whether a message at most `slop` away left without a partner."""
        return any(abs(other - stamp) <= slop for other in self._alone)

    def gap_around(self, stamp: int) -> int | None:
        """Between the neighbours before and after `stamp`; None where one of them lacks."""
        at = bisect.bisect_left(self._stamps, stamp)
        if not 0 < at < len(self._stamps):
            return None
        return self._stamps[at] - self._stamps[at - 1]

    def _near(self, stamp: int) -> Iterator[int]:
        at = bisect.bisect_left(self._stamps, stamp)
        yield from self._stamps[max(at - 1, 0):at + 1]
