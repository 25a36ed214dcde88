"""Whether the two sensors' stamps ever meet, and by how much they miss each other."""

from __future__ import annotations

from collections import deque
from statistics import median

from dcmd_ros.stream.config import DEPTH, MODALITIES, Modality

PATIENCE = 10  # messages of each sensor without a meeting
MEETINGS = 2  # in a row, to believe them again
WINDOW = 31


class Agreement:
    """
    Told of every message whether a partner's stamp lay within slop.

    The offset is measured between the messages that arrive nearest to each other in time, so
    that one of more than half a period is seen for what it is.
    """

    def __init__(self) -> None:
        self._without: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)
        self._meetings = 0
        self._last: dict[Modality, tuple[int, int]] = {}
        self._offsets: deque[int] = deque(maxlen=WINDOW)
        self.broken = False

    def note(self, modality: Modality, stamp: int, arrived: int, met: bool) -> None:
        """A message came; `met`: its partner's stamp is among those that came."""
        if met:
            self._without = dict.fromkeys(MODALITIES, 0)
            self._meetings += 1
        else:
            self._without[modality] += 1
        self._judge()
        self._measure(modality, stamp, arrived)

    def lonely(self) -> None:
        """One sensor is away: what the other sends says nothing."""
        self._without = dict.fromkeys(MODALITIES, 0)

    @property
    def offset(self) -> int | None:
        """Median of depth's stamp minus RGB's, nanoseconds; None before both came."""
        return int(median(self._offsets)) if self._offsets else None

    def _judge(self) -> None:
        if all(count >= PATIENCE for count in self._without.values()):
            self.broken, self._meetings = True, 0
        elif self.broken and self._meetings >= MEETINGS:
            self.broken = False

    def _measure(self, modality: Modality, stamp: int, arrived: int) -> None:
        other: Modality = 'rgb' if modality == DEPTH else DEPTH
        before, last = self._last.get(modality), self._last.get(other)
        self._last[modality] = stamp, arrived
        if last is None or before is None:
            return
        nearest = arrived - last[1] <= (arrived - before[1]) / 2
        if nearest:
            difference = stamp - last[0]
            self._offsets.append(difference if modality == DEPTH else -difference)
