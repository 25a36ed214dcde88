"""
Which messages make a frame, and when to stop waiting for a partner.

A sensor's messages leave in the order of their stamps, each once: with its partner, alone, or as
a counted drop. docs/pairing.md gives the reasons and names the test of every rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Generic, TypeVar

from dcmd_ros.stream.agreement import PATIENCE, Agreement
from dcmd_ros.stream.clock import MessageClock, SteadyClock
from dcmd_ros.stream.config import DEPTH, MODALITIES, RGB, SECOND, Modality, PairingConfig, partner
from dcmd_ros.stream.door import Admission, Door
from dcmd_ros.stream.health import Facts, Health, State
from dcmd_ros.stream.matching import Leaving, Matching
from dcmd_ros.stream.tempo import Tempo
from dcmd_ros.stream.track import Track, Waiting

M = TypeVar('M')
EVENTS = ('jump_back', 'jump_forward', 'overflow')  # counted, though they drop nothing
SHOTS = 3  # shots without a sensor that make it lost


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

    counters  by sensor and name (`depth.late`): drops by cause, and EVENTS
    """

    def __init__(self, config: PairingConfig | None = None) -> None:
        self.config = config or PairingConfig()
        self.counters: Counter[str] = Counter()
        self._start()

    def reset(self) -> None:
        """Start anew; what waits is dropped, the counters stay."""
        for modality, count in self.waiting.items():
            self._count(modality, 'reset', count)
        self._start()

    def _start(self) -> None:
        config = self.config
        self._clock = SteadyClock() if config.live else MessageClock()
        self._tracks: dict[Modality, Track[M]] = {m: Track() for m in MODALITIES}
        self._doors = {m: Door(track, config.live) for m, track in self._tracks.items()}
        self._health = {m: Health(config, m in config.disabled) for m in MODALITIES}
        self._misses: dict[Modality, int] = dict.fromkeys(MODALITIES, 0)
        self._agreement = Agreement(SHOTS if config.triggered else PATIENCE)
        self._tempo = Tempo(config, self._tracks)
        self._matching = Matching(self._tempo, self._tracks, self._agreement)

    def configure(self, config: PairingConfig) -> None:
        """New numbers from the next message on; a new offset or acquisition starts anew."""
        anew = any(getattr(config, name) != getattr(self.config, name)
                   for name in ('depth_offset', 'acquisition', 'disabled', 'live'))
        self.config = self._tempo.config = config
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
        if modality in self.config.disabled or min(stamp, shifted) <= 0:
            cause = 'disabled' if modality in self.config.disabled else 'zero_stamp'
            self._count(modality, cause)
            return self._resolve()
        newest = self._tracks[modality].newest
        self._clock.told(modality, shifted - newest.stamp if newest else None)
        item = Waiting(shifted, stamp, self._clock.now, self._clock.elapsed, message,
                       self._is_silent(modality) and self._is_silent(partner(modality)))
        admissions = self._doors[modality].knock(item)
        if (item, 'duplicate') not in admissions:
            self._health[modality].heard(self._clock.elapsed, digest)
            self._misses[modality] = 0
        return self._enter(modality, admissions) + self._resolve()

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
        ends = [door.held.arrived + self._tempo.patience(m)
                for m, door in self._doors.items() if door.held]
        return min((end for end in (*ends, self._matching.deadline) if end is not None),
                   default=None)

    def confidence(self, modality: Modality, value: float) -> None:
        """The inspector's trust in a frame of this sensor, 0..1."""
        self._health[modality].confidence(value)

    @property
    def waiting(self) -> dict[Modality, int]:
        """How many messages wait for a partner."""
        return {m: len(track.waiting) + (self._doors[m].held is not None)
                for m, track in self._tracks.items()}

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
        return Snapshot(
            self._state(modality),
            SECOND / track.period.value if track.period.value else float('nan'),
            float('nan') if silence is None else silence / SECOND,
            track.newest.original if track.newest else None)

    # -- who comes in

    def _enter(self, modality: Modality, admissions: list[Admission[M]]) -> list[Pair[M]]:
        gone: list[Pair[M]] = []
        for item, standing in admissions:
            if standing in ('duplicate', 'out_of_order', 'stray'):
                self._count(modality, standing)
                continue
            if standing in ('jump_back', 'jump_forward'):
                gone += self._jump(modality, standing)
            self._admit(modality, item)
        return gone

    def _jump(self, modality: Modality, standing: str) -> list[Pair[M]]:
        """The stamps jump: what waits leaves, and this sensor starts anew."""
        self._count(modality, standing)
        track, other = self._tracks[modality], self._tracks[partner(modality)]
        follows, track.stale = track.stale, False
        gone = [] if follows else self._leave(final=True)
        other.stale = not follows
        track.restart()
        self._matching.jumped()
        return gone

    def _admit(self, modality: Modality, item: Waiting[M]) -> None:
        """Let it wait for its partner, unless it came too late."""
        late = self._is_late(modality, item)
        if not (late and self._is_delayed(modality, item)):
            self._note(modality, item)
        if late:
            self._health[modality].outcome(late)
            self._count(modality, 'late')
            return
        track = self._tracks[modality]
        track.add(item)
        if len(track.waiting) > self.config.queue_size:
            self._count(modality, 'overflow')

    def _is_late(self, modality: Modality, item: Waiting[M]) -> bool:
        """Whether its partner left alone."""
        other = self._tracks[partner(modality)]
        return not self._agreement.broken and other.went_alone_near(
            item.stamp, self._tempo.reach)

    def _is_delayed(self, modality: Modality, item: Waiting[M]) -> bool:
        """Whether it took longer than usual: else, maybe, the stamps of the sensors disagree."""
        delay = self._tracks[modality].delay(item)
        return delay is not None and 2 * delay > self._tempo.patience(modality)

    def _note(self, modality: Modality, item: Waiting[M]) -> None:
        met = self._tracks[partner(modality)].met(
            item, self._tempo.slop, self._tempo.patience(modality))
        self._agreement.note(modality, item.stamp, item.arrived, met)

    # -- who leaves

    def _resolve(self, final: bool = False) -> list[Pair[M]]:
        gone: list[Pair[M]] = []
        for modality, door in self._doors.items():
            if door.held and (final or self._clock.now - door.held.arrived
                              >= self._tempo.patience(modality)):
                gone += self._enter(modality, door.release())
        return gone + self._leave(final)

    def _leave(self, final: bool) -> list[Pair[M]]:
        gone = {m for m in MODALITIES if self._is_gone(m)}
        leaving = list(self._matching.leave(self._clock.now, gone, final))
        return [self._frame(one) for one in leaving if self._account(one)]

    def _account(self, leaving: Leaving[M]) -> bool:
        """Keep the books; whether it makes a frame."""
        for m in leaving.items:
            self._health[m].outcome(leaving.cause == 'late')
            self._count(m, leaving.cause)
        if not leaving.cause:
            for m in MODALITIES:
                self._misses[m] += m not in leaving.items
        return not leaving.cause

    def _frame(self, leaving: Leaving[M]) -> Pair[M]:
        rgb, depth = leaving.items.get(RGB), leaving.items.get(DEPTH)
        stamps = [item.original for item in (rgb, depth) if item]
        return Pair(stamps[0], rgb.message if rgb else None, depth.message if depth else None)

    def _count(self, modality: Modality, name: str, count: int = 1) -> None:
        if name and count:
            self.counters[f'{modality}.{name}'] += count

    # -- what is known

    def _is_gone(self, modality: Modality) -> bool:
        return self._state(modality) in ('lost', 'disabled')

    def _state(self, modality: Modality) -> State:
        silent = {m: self._is_silent(m) for m in MODALITIES}
        alone = silent[RGB] or self._missed_shots(RGB) or RGB in self.config.disabled
        return self._health[modality].state(Facts(
            silent[modality], all(silent.values()), self._missed_shots(modality),
            modality == DEPTH and self._agreement.broken and not alone, self._clock.paused))

    def _is_silent(self, modality: Modality) -> bool:
        return self._health[modality].is_silent(
            self._clock.elapsed, self._tracks[modality].period.value)

    def _missed_shots(self, modality: Modality) -> bool:
        return self.config.triggered and self._misses[modality] >= SHOTS

    def _offset(self, modality: Modality) -> int:
        return round(self.config.depth_offset * SECOND) if modality == DEPTH else 0
