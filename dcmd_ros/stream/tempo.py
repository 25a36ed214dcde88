"""The numbers of pairing that follow from how often the sensors deliver, in nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dcmd_ros.stream.config import Modality, PairingConfig, partner
from dcmd_ros.stream.track import Track

UNEQUAL = 1.4  # times another rate: the sensors are not meant to pair message by message


class Tempo:
    """Reads the tracks anew each time it is asked."""

    def __init__(self, config: PairingConfig, tracks: Mapping[Modality, Track[Any]]) -> None:
        self.config = config
        self._tracks = tracks

    @property
    def period(self) -> int | None:
        """The shorter one of the two, where any is known."""
        return min(self._periods(), default=None)

    @property
    def rates_differ(self) -> bool:
        periods = self._periods()
        return len(periods) == len(self._tracks) and max(periods) > UNEQUAL * min(periods)

    @property
    def slop(self) -> int:
        """How far apart two stamps of one frame may lie."""
        return self.config.slop_ns(self.period)

    @property
    def reach(self) -> int:
        """Slop, but never so far that a neighbour passes for the partner."""
        return self.slop if self.period is None else min(self.slop, self.period // 2)

    def patience(self, modality: Modality) -> int:
        """How long a message of this sensor waits for the other one."""
        awaited = self._tracks[partner(modality)].period.value
        return self.config.deadline_ns(awaited or self._tracks[modality].period.value)

    def _periods(self) -> list[int]:
        values = (track.period.value for track in self._tracks.values())
        return [value for value in values if value is not None]
