"""One sensor's messages: those that wait, and what is known of the stream."""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Generic, Literal, TypeVar

from dcmd_ros.stream.clock import JUMP
from dcmd_ros.stream.period import MISSED, Period

M = TypeVar('M')
REMEMBERED = 64
LATENCIES = 15
STRAGGLERS = 3  # messages behind the stream in a row that make a jump back
Standing = Literal['next', 'duplicate', 'out_of_order', 'back', 'forward']


@dataclass(frozen=True, eq=False)
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
    emitted  largest stamp that left, None since a jump
    """

    def __init__(self) -> None:
        self.waiting: list[Waiting[M]] = []
        self.period = Period()
        self.newest: int | None = None
        self.arrived: int | None = None
        self.stale = False
        self.emitted: int | None = None
        self._behind = 0
        self._seen: list[tuple[int, int]] = []  # stamp, arrived; by stamp
        self._alone: deque[int] = deque(maxlen=REMEMBERED)
        self._latencies: deque[int] = deque(maxlen=LATENCIES)

    def standing(self, stamp: int, now: int | None) -> Standing:
        """
        How `stamp` continues those that came.

        :param now: local time, by which a jump forward is told from silence; None = not at all
        """
        if self.newest is None or self.arrived is None:
            return 'next'
        step = stamp - self.newest
        if step > 0:
            self._behind = 0
            leaps = now is not None and step - (now - self.arrived) > JUMP
            return 'forward' if leaps else 'next'
        return self._standing_behind(stamp) if step else 'duplicate'

    def _standing_behind(self, stamp: int) -> Standing:
        known = self._came(stamp)
        if not known and (self.emitted is None or stamp > self.emitted):
            return 'next' if self.newest is None or stamp >= self.newest - JUMP else 'back'
        self._behind += 1
        if self._behind >= STRAGGLERS or (self.newest or 0) - stamp > JUMP:
            return 'back'
        return 'duplicate' if known else 'out_of_order'

    def add(self, item: Waiting[M]) -> None:
        """Queue a message; a stamp out of order finds its place."""
        bisect.insort(self.waiting, item, key=lambda waiting: waiting.stamp)
        bisect.insort(self._seen, (item.stamp, item.arrived))
        del self._seen[:-REMEMBERED]
        if self.newest is None or item.stamp > self.newest:
            self.period.add(item.stamp)
            self.newest = item.stamp
            self.arrived = item.arrived
        self.stale = False

    def take(self, item: Waiting[M], how: Literal['paired', 'alone', 'dropped']) -> None:
        """It leaves the queue."""
        self.waiting.remove(item)
        self.emitted = max(item.stamp, self.emitted or item.stamp)
        if how == 'alone':
            self._alone.append(item.stamp)
        elif how == 'paired':
            self._latencies.append(item.arrived - item.stamp)

    def restart(self) -> None:
        """The stamps that come have nothing to do with those that came."""
        self._seen.clear()
        self._alone.clear()
        self._latencies.clear()
        self.period.restart()
        self.newest = self.emitted = None
        self._behind = 0

    @property
    def reached(self) -> int | None:
        """How far the stamps got, in the time base that now holds."""
        return None if self.stale else self.newest

    def step(self, stamp: int) -> int | None:
        """From the newest stamp to this one."""
        return None if self.newest is None else stamp - self.newest

    def delay(self, stamp: int, arrived: int) -> int | None:
        """How much later it came than those that paired; None before any did."""
        return arrived - stamp - int(median(self._latencies)) if self._latencies else None

    def within(self, stamp: int, slop: int) -> list[Waiting[M]]:
        """The waiting messages at most `slop` away."""
        return [item for item in self.waiting if abs(item.stamp - stamp) <= slop]

    def met(self, item: Waiting[M], slop: int, patience: int) -> int | None:
        """The nearest stamp at most `slop` from another sensor's, of messages in time for it."""
        at = bisect.bisect_left(self._seen, (item.stamp, 0))
        near = [stamp for stamp, arrived in self._seen[max(at - 1, 0):at + 1]
                if abs(stamp - item.stamp) <= slop and abs(arrived - item.arrived) <= patience]
        return min(near, key=lambda stamp: abs(stamp - item.stamp), default=None)

    def went_alone_near(self, stamp: int, slop: int) -> bool:
        """Whether a message at most `slop` away left without a partner."""
        return any(abs(other - stamp) <= slop for other in self._alone)

    def is_complete_around(self, stamp: int) -> bool:
        """Whether messages came before and after `stamp`, and none is missing between them."""
        at = bisect.bisect_left(self._seen, (stamp, 0))
        if not 0 < at < len(self._seen) or self.period.value is None:
            return False
        return self._seen[at][0] - self._seen[at - 1][0] <= MISSED * self.period.value

    def _came(self, stamp: int) -> bool:
        at = bisect.bisect_left(self._seen, (stamp, 0))
        return at < len(self._seen) and self._seen[at][0] == stamp
