"""
Which messages make a frame, and when to stop waiting for a partner.

A sensor's messages leave in the order of their stamps, each once: with its partner, alone, or as
a counted drop. docs/pairing.md gives the reasons and names the test of every rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from dcmd_ros.stream.agreement import Agreement
from dcmd_ros.stream.clock import JUMP, MessageClock, SteadyClock
from dcmd_ros.stream.config import DEPTH, MODALITIES, RGB, SECOND, Modality, PairingConfig
from dcmd_ros.stream.health import Facts, Health, State
from dcmd_ros.stream.track import Track, Waiting

M = TypeVar('M')
SHOTS = 3  # shots without a sensor that make it lost
UNEQUAL = 1.15  # times another rate: the sensors are not meant to pair message by message
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
    newest   its largest stamp as it came, None where none came
    """

    state: State
    rate_hz: float
    age: float
    newest: int | None


class Pairing(Generic[M]):
    """
    The policy; the caller brings the clock.

    All times are integer nanoseconds; `now` is a steady clock, and counts for nothing offline.
    Not thread-safe.

    counters  drops by sensor and cause (`depth.late`), and jumps of the stamps, which are none
    """

    def __init__(self, config: PairingConfig | None = None) -> None:
        self.config = config or PairingConfig()
        self.counters: Counter[str] = Counter()
        self._start()

    def reset(self) -> None:
        """Start anew; what waits is dropped, the counters stay."""
        for modality, track in self._tracks.items():
            self._drop(modality, 'reset', len(track.waiting))
        self._start()

    def _start(self) -> None:
        config = self.config
        self._clock = SteadyClock() if config.live else MessageClock()
        self._tracks: dict[Modality, Track[M]] = {m: Track() for m in MODALITIES}
        self._health = {m: Health(config, m in config.disabled) for m in MODALITIES}
        self._misses: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)
        self._agreement = Agreement()

    def configure(self, config: PairingConfig) -> None:
        """New numbers from the next message on; a new offset or acquisition starts anew."""
        anew = any(getattr(config, name) != getattr(self.config, name)
                   for name in ('depth_offset', 'acquisition', 'disabled', 'live'))
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
        self._clock.advance(now)
        shifted = stamp + self._offset(modality)
        standing = self._tracks[modality].standing(shifted, self._steady_now())
        if modality in self.config.disabled:
            self._drop(modality, 'disabled')
        elif min(stamp, shifted) <= 0:
            self._drop(modality, 'zero_stamp')
        elif standing == 'duplicate':
            self._drop(modality, standing)
        else:
            gone = self._jump(modality, standing) if standing in ('back', 'forward') else []
            self._hear(modality, shifted, digest)
            item = Waiting(shifted, stamp, self._clock.now or 0, message)
            self._admit(modality, item, standing == 'out_of_order')
            return gone + self._resolve()
        return self._resolve()

    def poll(self, now: int, clock: int | None = None) -> list[Pair[M]]:
        """
        Time passed.

        :param clock: the ROS clock where it is simulated; while it stands still nobody is lost
        """
        self._clock.tick(now, clock)
        return self._resolve()

    def flush(self) -> list[Pair[M]]:
        """The end: what still waits leaves now."""
        return self._resolve(final=True)

    def next_deadline(self) -> int | None:
        """When `poll` is next needed, None while nothing waits."""
        return min((item.arrived + self._patience(m)
                    for m, track in self._tracks.items() for item in track.waiting), default=None)

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
        silence = self._health[modality].silence(self._clock.elapsed)
        period, newest = track.period.value, track.newest
        return Snapshot(self._state(modality), SECOND / period if period else float('nan'),
                        float('nan') if silence is None else silence / SECOND,
                        None if newest is None else newest - self._offset(modality))

    # -- who is let in

    def _jump(self, modality: Modality, direction: str) -> list[Pair[M]]:
        """The stamps jump: what waits leaves, and this sensor starts anew."""
        self.counters[f'{modality}.jump_{direction}'] += 1
        track, other = self._tracks[modality], self._tracks[partner(modality)]
        follows, track.stale = track.stale, False
        gone = [] if follows else self._resolve(final=True)
        other.stale = not follows
        track.restart()
        return gone

    def _hear(self, modality: Modality, stamp: int, digest: int | None) -> None:
        self._clock.told(modality, self._tracks[modality].step(stamp))
        self._health[modality].heard(self._clock.elapsed, digest)
        self._misses[modality] = 0

    def _admit(self, modality: Modality, item: Waiting[M], out_of_order: bool) -> None:
        """Let it wait for its partner, unless it came too late."""
        late = not out_of_order and self._is_late(modality, item)
        if not (out_of_order or late and self._is_delayed(modality, item)):
            self._note(modality, item)
        if out_of_order or late:
            self._health[modality].outcome(late)
            self._drop(modality, 'late' if late else 'out_of_order')
            return
        track = self._tracks[modality]
        track.add(item)
        if len(track.waiting) > self.config.queue_size:
            self._leave_out(modality, track.waiting[0], 'overflow')

    def _is_late(self, modality: Modality, item: Waiting[M]) -> bool:
        """Whether its partner left alone, and no other one is at hand."""
        if self._agreement.broken:
            return False
        other, reach = self._tracks[partner(modality)], self._reach()
        return other.went_alone_near(item.stamp, reach) and not other.within(item.stamp, reach)

    def _is_delayed(self, modality: Modality, item: Waiting[M]) -> bool:
        """Whether it took longer than usual: else, maybe, the stamps of the sensors disagree."""
        delay = self._tracks[modality].delay(item.stamp, item.arrived)
        return delay is not None and 2 * delay > self._patience(modality)

    def _note(self, modality: Modality, item: Waiting[M]) -> None:
        other = self._tracks[partner(modality)]
        met = other.met(item, self._slop(), self._patience(modality))
        self._agreement.note(modality, item.stamp, item.arrived, met)
        if self._is_gone(partner(modality)):
            self._agreement.lonely()

    # -- who leaves

    def _resolve(self, final: bool = False) -> list[Pair[M]]:
        """Take from the oldest message on, until one must wait."""
        gone: list[Pair[M]] = []
        while (oldest := self._oldest()) is not None:
            modality, item = oldest
            over = final or self._expired(modality, item)
            partners = self._partners(modality, item)
            if partners and (over or self._settled(item, partners[0])):
                gone.append(self._pair(modality, item, partners[0]))
                continue
            action: Action = 'wait' if partners else self._action(modality, item, over)
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

    def _settled(self, item: Waiting[M], found: Waiting[M]) -> bool:
        """Whether no better match can come, for either of the two."""
        distance = abs(found.stamp - item.stamp)
        if 2 * distance <= (self._shorter_period() or 0):
            return True
        reached = [self._tracks[m].reached or 0 for m in MODALITIES]
        return min(reached) >= max(item.stamp, found.stamp) + distance

    def _action(self, modality: Modality, item: Waiting[M], over: bool) -> Action:
        """What becomes of the oldest message, which has no partner as yet."""
        other = self._tracks[partner(modality)]
        if self._is_gone(partner(modality)):
            return 'alone'
        if self._agreement.broken:
            return 'alone' if modality == RGB else 'skip'
        if other.reached is not None and other.reached > item.stamp + self._slop():
            return self._passed(modality, item)
        if over:
            return 'alone' if self._is_due(other, item) else 'skip'
        return 'wait'

    def _passed(self, modality: Modality, item: Waiting[M]) -> Action:
        """The partner's stream went by: where it is complete, this one has too many."""
        other = self._tracks[partner(modality)]
        if self.config.triggered or not other.is_complete_around(item.stamp):
            return 'alone'
        return 'skip' if self._rates_differ() or modality == DEPTH else 'alone'

    def _is_due(self, other: Track[M], item: Waiting[M]) -> bool:
        """Whether the partner's stream owed a message by now."""
        period = other.period.value
        if self.config.triggered or period is None or other.reached is None:
            return True
        soon = other.reached + period <= item.stamp + self._slop() + period // 4
        return soon or not self._rates_differ()

    def _expired(self, modality: Modality, item: Waiting[M]) -> bool:
        """Its deadline passed by message time, or by the clock its own or that of a later one."""
        end = item.stamp + self._patience(modality)
        reached = [track.reached for track in self._tracks.values() if track.reached is not None]
        if any(end <= stamp < end + JUMP for stamp in reached):
            return True
        now, next_end = self._clock.now, self.next_deadline()
        return now is not None and next_end is not None and now >= next_end

    def _pair(self, modality: Modality, item: Waiting[M], found: Waiting[M]) -> Pair[M]:
        self._tracks[modality].take(item, 'paired')
        self._tracks[partner(modality)].take(found, 'paired')
        for m in MODALITIES:
            self._health[m].outcome(late=False)
            self._misses[m] = 0
        rgb, depth = (item, found) if modality == RGB else (found, item)
        return Pair(rgb.original, rgb.message, depth.message)

    def _alone(self, modality: Modality, item: Waiting[M], action: Action) -> list[Pair[M]]:
        if action == 'skip':
            by_rate = self._rates_differ() and not self._agreement.broken
            self._leave_out(modality, item, 'skipped_rate' if by_rate else 'unsynchronised')
            return []
        self._misses[partner(modality)] += 1
        self._tracks[modality].take(item, 'alone')
        rgb, depth = (item.message, None) if modality == RGB else (None, item.message)
        return [Pair(item.original, rgb, depth)]

    def _leave_out(self, modality: Modality, item: Waiting[M], cause: str) -> None:
        self._tracks[modality].take(item, 'dropped')
        self._drop(modality, cause)

    def _drop(self, modality: Modality, cause: str, count: int = 1) -> None:
        if count:
            self.counters[f'{modality}.{cause}'] += count

    # -- what is known

    def _steady_now(self) -> int | None:
        return self._clock.now if self.config.live else None

    def _is_gone(self, modality: Modality) -> bool:
        return self._state(modality) in ('lost', 'disabled')

    def _state(self, modality: Modality) -> State:
        silent = {m: self._is_silent(m) for m in MODALITIES}
        other = partner(modality)
        away = silent[other] or self._missed_shots(other) or other in self.config.disabled
        return self._health[modality].state(Facts(
            silent[modality], all(silent.values()), self._missed_shots(modality),
            self._agreement.broken and not away, self._clock.paused))

    def _is_silent(self, modality: Modality) -> bool:
        return self._health[modality].is_silent(
            self._clock.elapsed, self._tracks[modality].period.value)

    def _missed_shots(self, modality: Modality) -> bool:
        return self.config.triggered and self._misses[modality] >= SHOTS

    def _offset(self, modality: Modality) -> int:
        return round(self.config.depth_offset * SECOND) if modality == DEPTH else 0

    def _rates_differ(self) -> bool:
        periods = [track.period.value for track in self._tracks.values()]
        known = [period for period in periods if period is not None]
        return len(known) == len(periods) and max(known) > UNEQUAL * min(known)

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
