"""The node's own pairing over recorded messages: message time alone, so that it repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.framing.shot import Arrival, Shot, digest
from dcmd_ros.framing.tally import Tally
from dcmd_ros.stream.config import PairingConfig
from dcmd_ros.stream.gaps import Gaps
from dcmd_ros.stream.pairing import EVENTS, Pair, Pairing


class Shots:
    """
    Makes shots of messages in the order of the bag, as nodes/streams.py does live.

    pairing  its states, and its drops by cause
    time     nanoseconds, of the newest message: the clock of a bag

    :param config: `live` counts for nothing here
    """

    def __init__(self, config: PairingConfig, tally: Tally) -> None:
        self.pairing: Pairing[Arrival] = Pairing(replace(config, live=False))
        self.time = 0
        self._tally = tally
        self._gaps = {modality: Gaps() for modality in MODALITIES}

    def take(self, modality: Modality, message: Any, received: int) -> list[Shot]:
        """
        The shots that this message completes, or that no longer wait.

        :param received: the bag's time of it, nanoseconds
        """
        self.time = received
        seen = digest(message) if self.pairing.config.freeze_count else None
        arrival = Arrival(message, received, seen)
        self._tally.count(modality, 'received')
        if not self.pairing.config.triggered:
            self._tally.count(modality, 'missing', self._gaps[modality].missing(arrival.stamp))
        return self._shots(self.pairing.push(modality, arrival.stamp, arrival, received, seen))

    def finish(self) -> list[Shot]:
        """The end of the bag: what still waits leaves now."""
        return self._shots(self.pairing.flush())

    def judged(self, shot: Shot, confidence: dict[Modality, float]) -> None:
        """How far the inspector trusted what the shot brought; NaN where it took no part."""
        for modality, value in confidence.items():
            if shot.live.arrival(modality) is not None and value == value:
                self.pairing.confidence(modality, value)

    def drops(self) -> dict[str, int]:
        """Messages that made no frame, by sensor and cause, such as `depth.late`."""
        return {name: count for name, count in self.pairing.counters.items()
                if name.split('.')[1] not in EVENTS}

    def _shots(self, pairs: Sequence[Pair[Arrival]]) -> list[Shot]:
        return [Shot(pair.rgb, pair.depth, self.time, self.pairing.states) for pair in pairs]
