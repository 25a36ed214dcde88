"""Whether the two sensors' stamps ever meet, and by how much they miss each other."""

from __future__ import annotations

from collections import deque
from statistics import median

from dcmd_ros.stream.config import DEPTH, MODALITIES, RGB, Modality

PATIENCE = 10
MEETINGS = 2  # to believe them again
WINDOW = 31


class Agreement:
    """
    Told of every message whether it met one of the other sensor.

    The offset is that of the messages that met; while none does, that of the messages that
    arrive nearest to each other in time, so that one of more than half a period is seen for what
    it is.

    :param patience: messages of each sensor without a meeting that break it
    """

    def __init__(self, patience: int = PATIENCE) -> None:
        self.broken = False
        self._patience = patience
        self._without: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)
        self._meetings = 0
        self._last: dict[Modality, tuple[int, int]] = {}
        self._together: deque[int] = deque(maxlen=WINDOW)
        self._apart: deque[int] = deque(maxlen=WINDOW)

    def note(self, modality: Modality, stamp: int, arrived: int, met: int | None) -> None:
        """
        A message came.

        :param met: stamp of the other sensor's message that it could pair with, None = none
        """
        if met is None:
            self._without[modality] += 1
            self._measure(modality, stamp, arrived)
        else:
            self._without = dict.fromkeys(MODALITIES, 0)
            self._meetings += 1
            self._together.append(depth_minus_rgb(modality, stamp - met))
            self._apart.clear()
        self._last[modality] = stamp, arrived
        self._judge()

    @property
    def offset(self) -> int | None:
        """Median of depth's stamp minus RGB's, nanoseconds; None before both came."""
        offsets = self._apart if self.broken or not self._together else self._together
        return int(median(offsets)) if offsets else None

    def _judge(self) -> None:
        if all(count >= self._patience for count in self._without.values()):
            self.broken, self._meetings = True, 0
        elif self.broken and self._meetings >= MEETINGS:
            self.broken = False

    def _measure(self, modality: Modality, stamp: int, arrived: int) -> None:
        before = self._last.get(modality)
        last = self._last.get(DEPTH if modality == RGB else RGB)
        if last is None or before is None:
            return
        if arrived - last[1] <= (arrived - before[1]) / 2:
            self._apart.append(depth_minus_rgb(modality, stamp - last[0]))


def depth_minus_rgb(modality: Modality, difference: int) -> int:
    """The difference between `modality`'s stamp and the other's, always depth's minus RGB's."""
    return difference if modality == DEPTH else -difference
