"""Who of one sensor's messages is let in: stamps that rise, and a clock that really jumped."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from dcmd_ros.stream.clock import JUMP
from dcmd_ros.stream.track import Track, Waiting

M = TypeVar('M')
STRAGGLERS = 3  # messages behind the stream in a row that make a jump back
Standing = Literal['next', 'duplicate', 'out_of_order', 'stray', 'jump_back', 'jump_forward']
Admission = tuple[Waiting[M], Standing]


class Door(Generic[M]):
    """
    Tells how a message continues its stream.

    A stamp that leaps is held until the next message tells: when that one goes on from it, the
    sensor's clock jumped; when it goes on from before, the held one was a stray.

    :param sees_time: whether a leap forward can be told from silence
    """

    def __init__(self, track: Track[M], sees_time: bool) -> None:
        self.held: Waiting[M] | None = None
        self._track = track
        self._sees_time = sees_time
        self._behind = 0

    def knock(self, item: Waiting[M]) -> list[Admission[M]]:
        """What becomes of it, and of the one held before; empty where it is held itself."""
        if self.held is None:
            return self._admit(item)
        if item.stamp == self.held.stamp:
            return [(item, 'duplicate')]
        held, direction = self.held, self._leap(self.held)
        self.held = None
        if self._goes_on_from(held, item):
            return [(held, direction or 'next'), (item, 'next')]
        return [(held, 'stray'), *self._admit(item)]

    def release(self) -> list[Admission[M]]:
        """Nothing came to tell: take the held message at its word."""
        held, self.held = self.held, None
        return [] if held is None else [(held, self._leap(held) or 'next')]

    def _admit(self, item: Waiting[M]) -> list[Admission[M]]:
        if self._leap(item):
            self.held = item
            return []
        return [(item, self._standing(item.stamp))]

    def _leap(self, item: Waiting[M]) -> Literal['jump_back', 'jump_forward'] | None:
        newest = self._track.newest
        if newest is None:
            return None
        if item.stamp < newest.stamp - JUMP:
            return 'jump_back'
        return 'jump_forward' if self._runs_ahead(newest, item) else None

    def _runs_ahead(self, before: Waiting[M], item: Waiting[M]) -> bool:
        """Whether the stamps went on by much more than the time."""
        step, passed = item.stamp - before.stamp, item.elapsed - before.elapsed
        return self._sees_time and step - passed > JUMP

    def _goes_on_from(self, held: Waiting[M], item: Waiting[M]) -> bool:
        newest = self._track.newest
        if newest is not None and held.stamp < newest.stamp < item.stamp:
            return False
        return item.stamp > held.stamp and not self._runs_ahead(held, item)

    def _standing(self, stamp: int) -> Standing:
        track = self._track
        if track.newest is None or stamp > track.newest.stamp:
            self._behind = 0
            return 'next'
        if stamp == track.newest.stamp:
            return 'duplicate'
        known = track.came(stamp)
        if not known and (track.emitted is None or stamp > track.emitted):
            return 'next'
        self._behind = (self._behind + 1) % STRAGGLERS
        if not self._behind:
            return 'jump_back'
        return 'duplicate' if known else 'out_of_order'
