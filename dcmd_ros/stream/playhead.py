"""Where a playback is in its recording, through pauses and changes of its rate."""

from __future__ import annotations


class Playhead:
    """
    A place in nanoseconds of the recording that goes on with a steady clock; the caller brings it.

    :param rate: recorded seconds a second, above 0
    """

    def __init__(self, rate: float = 1.0, paused: bool = False) -> None:
        self.rate, self.paused = rate, paused
        self._place = self._since = 0

    def move(self, place: int, now: int) -> None:
        """Be at `place`, and go on from there."""
        self._place, self._since = place, now

    def at(self, now: int) -> int:
        """The place, nanoseconds."""
        gone = 0 if self.paused else round((now - self._since) * self.rate)
        return self._place + gone

    def due(self, place: int) -> int | None:
        """The steady time at which it comes to `place`, None while paused."""
        if self.paused:
            return None
        return self._since + round((place - self._place) / self.rate)

    def change(self, now: int, rate: float | None = None, paused: bool | None = None) -> None:
        """From here on at another rate, or paused, or not any more."""
        self.move(self.at(now), now)
        self.rate = self.rate if rate is None else rate
        self.paused = self.paused if paused is None else paused
