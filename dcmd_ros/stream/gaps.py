"""Messages that a steady sensor owed and that never came."""

from __future__ import annotations

import bisect

from dcmd_ros.stream.config import LOST_LEAST, LOST_PERIODS
from dcmd_ros.stream.period import MISSED, Period

REORDERED = 8  # messages among which the order may be another one


class Gaps:
    """
    Counts them by the holes in its stamps, wherever they were lost.

    An interruption that makes a sensor lost is no hole, nor is a jump or a stamp of zero.
    """

    def __init__(self) -> None:
        self._period = Period()
        self._stamps: list[int] = []  # the last ones, in order

    def missing(self, stamp: int) -> int:
        """
        How many have come to light with this message, stamped in nanoseconds.

        A hole does so when the messages beside it are too old to be in a wrong order.
        """
        if self._stamps and stamp < self._stamps[0]:
            self._stamps.clear()
        bisect.insort(self._stamps, stamp)
        if len(self._stamps) <= REORDERED:
            return 0
        return self._between(self._stamps.pop(0), self._stamps[0])

    def _between(self, one: int, next_one: int) -> int:
        period, step = self._period.value, next_one - one
        self._period.add(one)
        if period is None or not MISSED * period < step <= max(LOST_LEAST, LOST_PERIODS * period):
            return 0
        return round(step / period) - 1
