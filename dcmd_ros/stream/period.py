"""How often a sensor delivers, from its stamps."""

from __future__ import annotations

from collections import deque
from statistics import median

WINDOW = 15
FEWEST = 3
LONGEST = 5_000_000_000  # a longer gap is an interruption, not a period


class Period:
    """Median of the last stamp differences: losses under one half and jumps do not move it."""

    def __init__(self) -> None:
        self._gaps: deque[int] = deque(maxlen=WINDOW)
        self._last: int | None = None

    def add(self, stamp: int) -> None:
        """Take note of the next stamp, nanoseconds; one that goes back only restarts."""
        if self._last is not None and 0 < stamp - self._last <= LONGEST:
            self._gaps.append(stamp - self._last)
        self._last = stamp

    def restart(self) -> None:
        """The next stamp has nothing to do with the last one; the estimate stays."""
        self._last = None

    @property
    def value(self) -> int | None:
        """Nanoseconds, None until three differences were seen."""
        return int(median(self._gaps)) if len(self._gaps) >= FEWEST else None
