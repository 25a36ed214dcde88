"""How far apart the messages of one sensor are when none is missing."""

from __future__ import annotations

from collections import deque

WINDOW = 20
ENOUGH = 4


class PeriodEstimator:
    """
    The lower quartile of the last intervals.

    Lost messages only lengthen intervals, so the quartile keeps the sensor's own period until
    about two thirds of the messages are lost; the median, which a half would shift, does not.
    One interval that is too short does not move it either.
    """

    def __init__(self) -> None:
        self._intervals: deque[int] = deque(maxlen=WINDOW)
        self._value: int | None = None

    @property
    def value(self) -> int | None:
        """The period in ns, None before there are enough intervals."""
        return self._value

    @property
    def shortest(self) -> int | None:
        """The shortest of the last intervals in ns."""
        return min(self._intervals, default=None)

    def add(self, interval: int) -> None:
        """Take the interval in ns between two messages in a row."""
        self._intervals.append(interval)
        if len(self._intervals) >= ENOUGH:
            self._value = sorted(self._intervals)[len(self._intervals) // 4]

    def restart(self) -> None:
        """The sensor may come back at another rate: keep the value until a new one is known."""
        self._intervals.clear()
