"""Messages that a steady sensor owed and that never came."""

from __future__ import annotations

from dcmd_ros.stream.config import LOST_LEAST, LOST_PERIODS
from dcmd_ros.stream.period import MISSED, Period


class Gaps:
    """
    Counts them by the holes in its stamps, wherever they were lost.

    An interruption that makes a sensor lost is no hole, nor is a jump or a stamp of zero.
    """

    def __init__(self) -> None:
        self._period = Period()
        self._last = 0

    def missing(self, stamp: int) -> int:
        """How many lie between this stamp, in nanoseconds, and the one before."""
        step = stamp - self._last if self._last else 0
        period = self._period.value
        self._period.add(stamp)
        self._last = stamp
        if period is None or not MISSED * period < step <= max(LOST_LEAST, LOST_PERIODS * period):
            return 0
        return round(step / period) - 1
