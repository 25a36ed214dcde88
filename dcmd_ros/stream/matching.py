"""Who leaves, with whom, and who must wait."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from dcmd_ros.stream.agreement import Agreement
from dcmd_ros.stream.clock import JUMP
from dcmd_ros.stream.config import DEPTH, RGB, Modality, partner
from dcmd_ros.stream.tempo import Tempo
from dcmd_ros.stream.track import Track, Waiting

M = TypeVar('M')


@dataclass(frozen=True)
class Leaving(Generic[M]):
    """
    The messages of one frame, or one message that makes none.

    cause  why it makes none, empty for a frame
    """

    items: Mapping[Modality, Waiting[M]]
    cause: str = ''


class Matching(Generic[M]):
    """
    Takes from the oldest waiting message on, until one must wait.

    Frames leave in the order of their stamps: a message behind the last frame is late, unless
    it is so far behind that its sensor must have another time base.
    """

    def __init__(self, tempo: Tempo, tracks: Mapping[Modality, Track[M]],
                 agreement: Agreement) -> None:
        self._tempo = tempo
        self._tracks = tracks
        self._agreement = agreement
        self._floor: int | None = None

    def jumped(self) -> None:
        """The stamps of the frames begin anew."""
        self._floor = None

    @property
    def deadline(self) -> int | None:
        """When the next message stops waiting, None while nothing waits."""
        return min((item.arrived + self._tempo.patience(m)
                    for m, track in self._tracks.items() for item in track.waiting), default=None)

    def leave(self, now: int, gone: Collection[Modality],
              final: bool = False) -> Iterator[Leaving[M]]:
        """
        The messages that need not wait any more.

        :param gone: sensors that nobody waits for
        :param final: nobody waits at all
        """
        while (oldest := self._oldest()) is not None:
            modality, item = oldest
            over = final or self._is_over(modality, item, now)
            found = self._partner(modality, item)
            if found and not (over or self._is_settled(item, found)):
                return
            if found:
                yield self._pair({modality: item, partner(modality): found})
                continue
            fate = self._fate(modality, item, over, gone)
            if fate == 'wait':
                return
            yield self._single(modality, item, fate)

    def _oldest(self) -> tuple[Modality, Waiting[M]] | None:
        heads = [(m, track.waiting[0]) for m, track in self._tracks.items() if track.waiting]
        return min(heads, key=lambda head: head[1].stamp) if heads else None

    def _is_over(self, modality: Modality, item: Waiting[M], now: int) -> bool:
        """The deadline passed: by message time its own, by the clock anyone's behind it."""
        reached = max(track.reached or 0 for track in self._tracks.values())
        next_end = self.deadline
        return (reached >= item.stamp + self._tempo.patience(modality)
                or next_end is not None and now >= next_end or self._is_crowded())

    def _is_crowded(self) -> bool:
        limit = self._tempo.config.queue_size
        return any(len(track.waiting) > limit for track in self._tracks.values())

    # -- with whom

    def _partner(self, modality: Modality, item: Waiting[M]) -> Waiting[M] | None:
        """The nearest waiting partner within slop that has no nearer one itself."""
        own, other = self._tracks[modality], self._tracks[partner(modality)]
        slop = self._tempo.slop

        def is_nearest(candidate: Waiting[M]) -> bool:
            rivals = own.within(candidate.stamp, slop)
            return min(rivals, key=lambda r: abs(r.stamp - candidate.stamp)) is item
        # The item is the oldest of all, so the first candidate is the nearest.
        return next(filter(is_nearest, other.within(item.stamp, slop)), None)

    def _is_settled(self, item: Waiting[M], found: Waiting[M]) -> bool:
        """Whether no better match can come, for either of the two."""
        distance = abs(found.stamp - item.stamp)
        if 2 * distance <= (self._tempo.period or 0):
            return True
        reached = [track.reached or 0 for track in self._tracks.values()]
        return min(reached) >= max(item.stamp, found.stamp) + distance

    def _pair(self, items: Mapping[Modality, Waiting[M]]) -> Leaving[M]:
        for modality, item in items.items():
            self._tracks[modality].take(item, 'paired')
        self._floor = items[RGB].stamp
        return Leaving(items)

    # -- or alone

    def _fate(self, modality: Modality, item: Waiting[M], over: bool,
              gone: Collection[Modality]) -> str:
        """Of the oldest message, without a partner as yet: wait, alone, or why it is dropped."""
        other = self._tracks[partner(modality)]
        if partner(modality) in gone and not item.returning:
            return self._alone(item)
        if self._agreement.broken or modality == DEPTH and self._is_apart(item):
            return self._alone(item) if modality == RGB else 'unsynchronised'
        if other.reached is not None and other.reached > item.stamp + self._tempo.slop:
            return self._passed(modality, item)
        if over:
            due = self._is_due(other, item)
            return self._alone(item) if due else self._too_many(modality, item)
        return 'wait'

    def _alone(self, item: Waiting[M]) -> str:
        behind = self._floor is not None and 0 <= self._floor - item.stamp <= JUMP
        return 'late' if behind else 'alone'

    def _is_apart(self, item: Waiting[M]) -> bool:
        """Whether depth comes together with RGB, but its stamps are far away."""
        rgb = self._tracks[RGB].newest
        if rgb is None or self._tracks[RGB].stale:
            return False
        return abs(item.stamp - rgb.stamp - (item.elapsed - rgb.elapsed)) > JUMP

    def _passed(self, modality: Modality, item: Waiting[M]) -> str:
        """The partner's stream went by; alone, where that misses a message."""
        other = self._tracks[partner(modality)]
        if self._tempo.config.triggered or not other.is_complete_around(item.stamp):
            return self._alone(item)
        return self._too_many(modality, item)

    def _is_due(self, other: Track[M], item: Waiting[M]) -> bool:
        """Whether the partner's stream owed a message by now."""
        period = other.period.value
        if self._tempo.config.triggered or period is None or other.reached is None:
            return True
        return other.reached + period <= item.stamp + self._tempo.slop + period // 4

    def _too_many(self, modality: Modality, item: Waiting[M]) -> str:
        """The partner's stream is complete without a match; at equal rates RGB goes on."""
        if self._tempo.rates_differ:
            return 'skipped_rate'
        return self._alone(item) if modality == RGB else 'unsynchronised'

    def _single(self, modality: Modality, item: Waiting[M], fate: str) -> Leaving[M]:
        if fate != 'alone':
            self._tracks[modality].take(item, 'dropped')
            return Leaving({modality: item}, fate)
        self._tracks[modality].take(item, 'alone')
        self._floor = item.stamp
        return Leaving({modality: item})
