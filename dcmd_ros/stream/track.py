"""One sensor's messages: those that wait, and what is known of the stream."""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Generic, Literal, TypeVar

from dcmd_ros.stream.period import MISSED, Period

M = TypeVar('M')
REMEMBERED = 64
LATENCIES = 15


@dataclass(frozen=True, eq=False)
class Waiting(Generic[M]):
    """
    A message, and when it came; times in nanoseconds.

    stamp      corrected for the constant offset
    original   as it came
    arrived    clock by which deadlines run
    elapsed    clock by which silence is measured
    returning  both sensors were silent before it
    """

    stamp: int
    original: int
    arrived: int
    elapsed: int
    message: M
    returning: bool = False


class Track(Generic[M]):
    """
    What one sensor sent since its stamps last jumped.

    waiting  in order of stamps
    newest   the message with the largest stamp, None since a jump
    stale    the other sensor's stamps jumped, and nothing came from this one since
    emitted  largest stamp that left, None since a jump
    """

    def __init__(self) -> None:
        self.waiting: list[Waiting[M]] = []
        self.period = Period()
        self.newest: Waiting[M] | None = None
        self.stale = False
        self.emitted: int | None = None
        self._seen: list[tuple[int, int]] = []  # stamp, arrived; by stamp
        self._alone: deque[int] = deque(maxlen=REMEMBERED)
        self._latencies: deque[int] = deque(maxlen=LATENCIES)

    def add(self, item: Waiting[M]) -> None:
        """Queue a message; a stamp out of order finds its place."""
        bisect.insort(self.waiting, item, key=lambda waiting: waiting.stamp)
        bisect.insort(self._seen, (item.stamp, item.arrived))
        del self._seen[:-REMEMBERED]
        if self.newest is None or item.stamp > self.newest.stamp:
            self.period.add(item.stamp)
            self.newest = item
        self.stale = False

    def take(self, item: Waiting[M], how: Literal['paired', 'alone', 'dropped']) -> None:
        """It leaves the queue."""
        self.waiting.remove(item)
        self.emitted = max(item.stamp, self.emitted or item.stamp)
        if how == 'alone':
            self._alone.append(item.stamp)
        elif how == 'paired':
            self._latencies.append(item.elapsed - item.stamp)

    def restart(self) -> None:
        """The stamps that come have nothing to do with those that came; nothing waits."""
        self._seen.clear()
        self._alone.clear()
        self._latencies.clear()
        self.period.restart()
        self.newest = self.emitted = None

    @property
    def reached(self) -> int | None:
        """How far the stamps got, in the time base that now holds."""
        return None if self.stale or self.newest is None else self.newest.stamp

    def delay(self, item: Waiting[M]) -> int | None:
        """How much later it came than those that paired; None before any did."""
        if not self._latencies:
            return None
        return item.elapsed - item.stamp - int(median(self._latencies))

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

    def came(self, stamp: int) -> bool:
        """Whether this very stamp came before."""
        at = bisect.bisect_left(self._seen, (stamp, 0))
        return at < len(self._seen) and self._seen[at][0] == stamp
