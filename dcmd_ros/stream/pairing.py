"""
Which messages make a frame, and when to stop waiting for a partner.

Messages leave in the order of their stamps, each once: with its partner, alone, or as a counted
drop. docs/pairing.md gives the reasons and names the test of every rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from dcmd_ros.stream.agreement import Agreement
from dcmd_ros.stream.config import DEPTH, MODALITIES, RGB, SECOND, Modality, PairingConfig
from dcmd_ros.stream.health import Facts, Health, State
from dcmd_ros.stream.track import Track, Waiting

M = TypeVar('M')
JUMP = SECOND  # a larger step of the stamps against the clock is a jump
STRAGGLERS = 3  # messages behind the stream in a row that make a jump back
SHOTS = 3  # shots without a sensor that make it lost
MISSED = 1.5  # periods between two messages between which one was missed
Action = Literal['alone', 'skip', 'wait']


@dataclass(frozen=True)
class Pair(Generic[M]):
    """One frame's messages; `stamp` is RGB's, else depth's, as it came."""

    stamp: int
    rgb: M | None
    depth: M | None


@dataclass(frozen=True)
class Snapshot:
    """
    One sensor for the diagnostics.

    rate_hz  from the stamps, NaN where unknown
    age      seconds since its last message, NaN before the first
    """

    state: State
    rate_hz: float
    age: float
    newest: int | None


class Pairing(Generic[M]):
    """
    The policy; the caller brings the clock.

    All times are integer nanoseconds. `now` is a steady clock, or offline the message time; it
    must not go back. Not thread-safe.
    """

    def __init__(self, config: PairingConfig | None = None) -> None:
        self.config = config or PairingConfig()
        self.counters: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Start anew; the counters stay."""
        config = self.config
        self._tracks: dict[Modality, Track[M]] = {m: Track() for m in MODALITIES}
        self._health = {m: Health(config, m in config.disabled) for m in MODALITIES}
        self._misses: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)
        self._stragglers: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)
        self._agreement = Agreement()
        self._now: int | None = None

    def configure(self, config: PairingConfig) -> None:
        """New numbers from the next message on; a new offset or acquisition starts anew."""
        anew = (config.depth_offset, config.acquisition, config.disabled) != (
            self.config.depth_offset, self.config.acquisition, self.config.disabled)
        self.config = config
        for health in self._health.values():
            health.config = config
        if anew:
            self.reset()

    def push(self, modality: Modality, stamp: int, message: M, now: int,
             digest: int | None = None) -> list[Pair[M]]:
        """
        A message came.

        :param digest: of the payload, where frozen sensors shall be found
        :returns: the frames that this completes or that no longer wait
        """
        self._advance(now)
        if modality in self.config.disabled:
            return self._drop(modality, 'disabled')
        self._health[modality].heard(self._elapsed(now), digest)
        self._misses[modality] = 0
        shifted = stamp + self._offset(modality)
        track = self._tracks[modality]
        cause = self._refusal(modality, stamp, shifted)
        if cause:
            self._health[modality].outcome(late=cause == 'late')
            return self._drop(modality, cause)
        gone = self._jump(modality, shifted, now)
        item = Waiting(shifted, stamp, now, message)
        track.add(item)
        self._note(modality, item)
        self._overflow(modality)
        return gone + self._resolve()

    def poll(self, now: int, clock: int | None = None) -> list[Pair[M]]:
        """
        Time passed.

        :param clock: the ROS clock where it is simulated; while it stands still nobody is lost
        """
        self._advance(now)
        for health in self._health.values():
            health.tick(now, clock)
        return self._resolve() if self.config.live else []

    def flush(self) -> list[Pair[M]]:
        """The end: what still waits leaves now."""
        return self._resolve(final=True)

    def next_deadline(self) -> int | None:
        """When `poll` is next needed, None while nothing waits."""
        ends = [item.arrived + self._patience(m)
                for m, track in self._tracks.items() for item in track.waiting[:1]]
        return min(ends) if ends else None

    def confidence(self, modality: Modality, value: float) -> None:
        """The inspector's trust in a frame of this sensor, 0..1."""
        self._health[modality].confidence(value)

    @property
    def waiting(self) -> dict[Modality, int]:
        """How many messages wait for a partner."""
        return {m: len(track.waiting) for m, track in self._tracks.items()}

    @property
    def offset(self) -> float | None:
        """Median of depth's stamp minus RGB's before correction, seconds."""
        measured = self._agreement.offset
        return None if measured is None else (measured - self._offset(DEPTH)) / SECOND

    @property
    def states(self) -> dict[Modality, State]:
        return {m: self._state(m) for m in MODALITIES}

    def snapshot(self, modality: Modality) -> Snapshot:
        track = self._tracks[modality]
        age = self._health[modality].silence
        period = track.period.value
        return Snapshot(self._state(modality), SECOND / period if period else float('nan'),
                        float('nan') if age is None else age / SECOND, track.newest)

    # -- what is refused

    def _refusal(self, modality: Modality, stamp: int, shifted: int) -> str:
        """Why a message cannot take part, empty where it can."""
        track = self._tracks[modality]
        if stamp <= 0:
            return 'zero_stamp'
        if track.newest is not None and shifted < track.newest - JUMP:
            return ''
        if track.has(shifted):
            return 'duplicate'
        if track.emitted is not None and shifted <= track.emitted:
            self._stragglers[modality] += 1
            return '' if self._stragglers[modality] >= STRAGGLERS else 'out_of_order'
        self._stragglers[modality] = 0
        return 'late' if self._partner_left(modality, shifted) else ''

    def _partner_left(self, modality: Modality, stamp: int) -> bool:
        """Whether the partner left alone, and no other one is at hand."""
        other, reach = self._tracks[partner(modality)], self._reach()
        return other.went_alone_near(stamp, reach) and not other.within(stamp, reach)

    def _jump(self, modality: Modality, stamp: int, now: int) -> list[Pair[M]]:
        """Where the stamps jump, all that waits leaves and this sensor starts anew."""
        direction = self._jumped(modality, stamp, now)
        if not direction:
            return []
        self.counters[f'{modality}.jump_{direction}'] += 1
        self._stragglers[modality] = 0
        track, other = self._tracks[modality], self._tracks[partner(modality)]
        follows, track.stale = track.stale, False
        gone = [] if follows else self._resolve(final=True)
        other.stale = not follows
        track.restart()
        return gone

    def _jumped(self, modality: Modality, stamp: int, now: int) -> str:
        """'back', 'forward' (live: against the clock), or nothing."""
        track = self._tracks[modality]
        if track.newest is None or track.arrived is None:
            return ''
        step = stamp - track.newest
        if step < -JUMP or self._stragglers[modality] >= STRAGGLERS:
            return 'back'
        return 'forward' if self.config.live and step - (now - track.arrived) > JUMP else ''

    def _overflow(self, modality: Modality) -> None:
        waiting = self._tracks[modality].waiting
        if len(waiting) > self.config.queue_size:
            self._leave_out(modality, waiting[0], 'overflow')

    # -- who leaves

    def _resolve(self, final: bool = False) -> list[Pair[M]]:
        """Take from the oldest message on, until one must wait."""
        gone: list[Pair[M]] = []
        while (oldest := self._oldest()) is not None:
            modality, item = oldest
            partners = self._partners(modality, item)
            if partners and (final or self._settled(modality, item, partners[0])):
                gone.append(self._pair(modality, item, partners[0]))
                continue
            action: Action = 'wait' if partners else self._action(modality, item, final)
            if action == 'wait':
                break
            gone += self._alone(modality, item, action)
        return gone

    def _oldest(self) -> tuple[Modality, Waiting[M]] | None:
        heads = [(m, track.waiting[0]) for m, track in self._tracks.items() if track.waiting]
        return min(heads, key=lambda head: head[1].stamp) if heads else None

    def _partners(self, modality: Modality, item: Waiting[M]) -> list[Waiting[M]]:
        """Waiting partners within slop that have no nearer one themselves, the nearest first."""
        own, other = self._tracks[modality], self._tracks[partner(modality)]
        slop = self._slop()

        def is_nearest(candidate: Waiting[M]) -> bool:
            rivals = own.within(candidate.stamp, slop)
            return min(rivals, key=lambda r: abs(r.stamp - candidate.stamp)) is item
        found = [c for c in other.within(item.stamp, slop) if is_nearest(c)]
        return sorted(found, key=lambda c: abs(c.stamp - item.stamp))

    def _settled(self, modality: Modality, item: Waiting[M], found: Waiting[M]) -> bool:
        """Whether no better match can come, for either of the two."""
        distance = abs(found.stamp - item.stamp)
        if 2 * distance <= (self._shorter_period() or 0) or self._expired(modality, item):
            return True
        newest = [self._tracks[m].reached or 0 for m in MODALITIES]
        return min(newest) >= max(item.stamp, found.stamp) + distance

    def _action(self, modality: Modality, item: Waiting[M], final: bool) -> Action:
        """What becomes of the oldest message, which has no partner as yet."""
        other = self._tracks[partner(modality)]
        if self._agreement.broken:
            return 'alone' if modality == RGB else 'skip'
        if self._is_gone(partner(modality)):
            return 'alone'
        if other.reached is not None and other.reached > item.stamp + self._slop():
            return self._unless_complete(other, item)
        if final:
            return 'alone'
        if not self._expired(modality, item):
            return 'wait'
        return 'alone' if self._due(other, item) else 'skip'

    def _unless_complete(self, other: Track[M], item: Waiting[M]) -> Action:
        """The partner's stream went by: alone where it missed a message, else by its rate."""
        gap, period = other.gap_around(item.stamp), other.period.value
        complete = gap is not None and period is not None and gap <= MISSED * period
        return 'skip' if complete and not self.config.triggered else 'alone'

    def _due(self, other: Track[M], item: Waiting[M]) -> bool:
        """Whether the partner's stream owed a message by now."""
        period = other.period.value
        if self.config.triggered or period is None or other.reached is None:
            return True
        return other.reached + period <= item.stamp + self._slop() + period // 4

    def _expired(self, modality: Modality, item: Waiting[M]) -> bool:
        """The deadline passed, by message time, or live by the clock."""
        patience = self._patience(modality)
        newest = max(track.reached or 0 for track in self._tracks.values())
        if newest >= item.stamp + patience and newest - item.stamp < JUMP + patience:
            return True
        return self.config.live and self._now is not None \
            and self._now >= item.arrived + patience

    def _pair(self, modality: Modality, item: Waiting[M], found: Waiting[M]) -> Pair[M]:
        self._tracks[modality].take(item, alone=False)
        self._tracks[partner(modality)].take(found, alone=False)
        for m in MODALITIES:
            self._health[m].outcome(late=False)
            self._misses[m] = 0
        rgb, depth = (item, found) if modality == RGB else (found, item)
        return Pair(rgb.original, rgb.message, depth.message)

    def _alone(self, modality: Modality, item: Waiting[M], action: Action) -> list[Pair[M]]:
        if action == 'skip':
            cause = 'unsynchronised' if self._agreement.broken else 'skipped_rate'
            self._leave_out(modality, item, cause)
            return []
        self._misses[partner(modality)] += 1
        self._tracks[modality].take(item, alone=True)
        rgb, depth = (item.message, None) if modality == RGB else (None, item.message)
        return [Pair(item.original, rgb, depth)]

    def _leave_out(self, modality: Modality, item: Waiting[M], cause: str) -> None:
        self._tracks[modality].take(item, alone=False)
        self._drop(modality, cause)

    def _drop(self, modality: Modality, cause: str) -> list[Pair[M]]:
        self.counters[f'{modality}.{cause}'] += 1
        return []

    # -- what is known

    def _advance(self, now: int) -> None:
        self._now = now
        for health in self._health.values():
            health.advance(self._elapsed(now))

    def _elapsed(self, now: int) -> int:
        """The time by which silence is measured: offline that of the messages."""
        if self.config.live:
            return now
        return max(track.newest or 0 for track in self._tracks.values())

    def _note(self, modality: Modality, item: Waiting[M]) -> None:
        other = self._tracks[partner(modality)]
        met = other.came_near(item.stamp, self._slop())
        self._agreement.note(modality, item.stamp, item.arrived, met)
        if self._is_gone(partner(modality)):
            self._agreement.lonely()

    def _is_gone(self, modality: Modality) -> bool:
        return self._state(modality) in ('lost', 'disabled')

    def _state(self, modality: Modality) -> State:
        silent = {m: self._health[m].is_silent(self._tracks[m].period.value) for m in MODALITIES}
        return self._health[modality].state(Facts(
            silent[modality], all(silent.values()), self._missed_shots(modality),
            self._agreement.broken))

    def _missed_shots(self, modality: Modality) -> bool:
        return self.config.triggered and self._misses[modality] >= SHOTS

    def _offset(self, modality: Modality) -> int:
        return round(self.config.depth_offset * SECOND) if modality == DEPTH else 0

    def _shorter_period(self) -> int | None:
        periods = [track.period.value for track in self._tracks.values()]
        return min((p for p in periods if p is not None), default=None)

    def _slop(self) -> int:
        return self.config.slop_ns(self._shorter_period())

    def _reach(self) -> int:
        """Slop, but never so far that a neighbour passes for the partner."""
        period = self._shorter_period()
        return self._slop() if period is None else min(self._slop(), period // 2)

    def _patience(self, modality: Modality) -> int:
        """How long a message of this sensor waits for the other one."""
        own = self._tracks[modality].period.value
        return self.config.deadline_ns(self._tracks[partner(modality)].period.value or own)


def partner(modality: Modality) -> Modality:
    """The other sensor."""
    return DEPTH if modality == RGB else RGB
