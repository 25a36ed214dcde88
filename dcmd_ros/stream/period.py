"""How often a sensor delivers, from its stamps."""

from __future__ import annotations

from collections import deque
from statistics import median

WINDOW = 15
FEWEST = 3
LONGEST = 5_000_000_000  # a longer gap is an interruption, not a period
MISSED = 1.5  # periods between two messages between which one was missed


class Period:
    """
    Median of the last stamp differences in which no message is missing.

    Those are the ones near the lower quartile: two thirds of the messages may be lost before the
    estimate doubles, where the median of all would at a half. A stamp too many and jitter do not
    move it either.

    value  nanoseconds, None until three differences were seen
    """

    def __init__(self) -> None:
        self.value: int | None = None
        self._gaps: deque[int] = deque(maxlen=WINDOW)
        self._last: int | None = None

    def add(self, stamp: int) -> None:
        """Take note of the next stamp, nanoseconds."""
        if self._last is not None and 0 < stamp - self._last <= LONGEST:
            self._gaps.append(stamp - self._last)
            self._estimate()
        self._last = stamp

    def restart(self) -> None:
        """The next stamp has nothing to do with the last one; the estimate stays."""
        self._last = None

    def _estimate(self) -> None:
        if len(self._gaps) >= FEWEST:
            typical = sorted(self._gaps)[len(self._gaps) // 4]
            self.value = int(median(gap for gap in self._gaps if gap <= MISSED * typical))
