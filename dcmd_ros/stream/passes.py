"""From frames to parts: which frames show the same part, and what they say of it together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from dcmd_ros.frame import Mode
from dcmd_ros.inspection import THRESHOLD, Presence, Verdict
from dcmd_ros.stream.config import SECOND

Policy = Literal['continue', 'unknown', 'reject']

GONE = 2    # frames in a row without a whole part that end a pass; one is a flicker
FEW = 3     # frames that make a statistic
STEP = 0.03  # of the part's size: the outline of a part that stands trembles by less


@dataclass(frozen=True)
class Glimpse:
    """
    One judged frame, as far as its part is concerned.

    score     NaN where nothing could be scored
    centre    of the part, in units of its size
    policy    what `on_sensor_loss` asks for this frame
    degraded  whether a sensor took no part in it
    """

    stamp: int
    presence: Presence
    score: float
    mode: Mode
    centre: tuple[float, float] = (0.0, 0.0)
    policy: Policy = 'continue'
    degraded: bool = False

    @property
    def scored(self) -> bool:
        return self.presence == 'whole' and not math.isnan(self.score)

    @property
    def eccentricity(self) -> float:
        """How far the part stands from the middle of where parts were trained."""
        return math.hypot(*self.centre)


@dataclass(frozen=True)
class Part:
    """
    What a pass says of its part.

    verdict     good, anomalous or unknown; no_part of a shot that shows none
    score       as a frame's, 0.5 = threshold; NaN where nothing could be scored
    best        of an anomalous part the frame with the highest score, else the one in which it
                stands nearest to the middle
    frames      that the verdict rests on: those with the whole part that could be scored, and
                where there are none those that could not
    reject      whether to take it out
    degraded    whether in one of these frames a sensor took no part
    begin, end  stamps of the first and the last frame, nanoseconds
    """

    verdict: Verdict
    score: float
    best: Glimpse
    frames: int
    reject: bool
    degraded: bool
    begin: int
    end: int


@dataclass
class _Pass:
    """
    The frames of one part so far.

    pending  those since the part jumped, which may be the next one's
    gone     how many frames in a row showed no whole part
    """

    glimpses: list[Glimpse] = field(default_factory=list)
    pending: list[Glimpse] = field(default_factory=list)
    gone: int = 0

    @property
    def all(self) -> list[Glimpse]:
        return self.glimpses + self.pending


class Passes:
    """
    Cuts the stream of judged frames into passes. Not thread-safe.

    A pass ends when the part is gone for GONE frames, when the stamps make a pause of `timeout`
    or jump back, when a part that stood still stands still elsewhere, and after `longest`.

    :param timeout: nanoseconds without a frame that end a pass
    :param longest: nanoseconds after which a part that stays is told, and begins anew
    :param triggered: each frame is a pass of its own
    """

    def __init__(self, timeout: int = SECOND, longest: int = 10 * SECOND,
                 triggered: bool = False) -> None:
        self.timeout, self.longest, self.triggered = timeout, longest, triggered
        self._open: _Pass | None = None

    @property
    def running(self) -> Part | None:
        """What the pass in view says until now, None while that is too little."""
        found = [] if self._open is None else self._open.all
        return verdict_of(found) if len(found) >= FEW else None

    def add(self, glimpse: Glimpse) -> list[Part]:
        """The parts that are over with this frame, most often none."""
        if self.triggered:
            return [*self.finish(), _shot(glimpse)]
        over = self.finish() if self._is_late(glimpse.stamp) else []
        if glimpse.presence != 'whole':
            return over + self._miss()
        return over + self._see(glimpse)

    def finish(self) -> list[Part]:
        """No frame comes any more: the part in view, if there is one."""
        found = [] if self._open is None else self._open.all
        self._open = None
        return _told(found)

    def _is_late(self, stamp: int) -> bool:
        found = [] if self._open is None else self._open.all
        return bool(found) and (not 0 <= stamp - found[-1].stamp <= self.timeout
                                or stamp - found[0].stamp > self.longest)

    def _miss(self) -> list[Part]:
        if self._open is None:
            return []
        self._open.gone += 1
        return self.finish() if self._open.gone >= GONE else []

    def _see(self, glimpse: Glimpse) -> list[Part]:
        current = self._open = self._open or _Pass()
        current.gone = 0
        last = (current.all or [glimpse])[-1]
        stands = _same_place(last, glimpse)
        if current.pending and stands:
            over = _told(current.glimpses)
            self._open = _Pass([*current.pending, glimpse])
            return over
        current.glimpses, current.pending = current.all, []
        jumped = not stands and len(current.glimpses) >= 2 and _same_place(
            *current.glimpses[-2:])
        (current.pending if jumped else current.glimpses).append(glimpse)
        return []


def _same_place(one: Glimpse, other: Glimpse) -> bool:
    """Whether the part stands where it stood; where nothing could be scored, nobody knows."""
    return not (one.scored and other.scored) or math.dist(one.centre, other.centre) < STEP


def _told(glimpses: Sequence[Glimpse]) -> list[Part]:
    """A stretch of frames as a part; a few frames that could not be scored are none."""
    enough = len(glimpses) >= FEW or any(g.scored for g in glimpses)
    return [verdict_of(glimpses)] if enough else []


def verdict_of(glimpses: Sequence[Glimpse]) -> Part:
    """
    What the frames of one part say together.

    The score is the median over the frames, so that neither a few alarms nor a few misses turn
    it; taken for each availability mode and the largest one of these, so that the frames of one
    sensor do not outvote a defect that both together saw. Where the policy of a lost sensor
    withholds the verdict of more than half of the frames, it withholds the part's.

    :param glimpses: at least one, all with the whole part in view
    """
    scored = [g for g in glimpses if g.scored]
    score = _score(scored)
    alarm = score >= THRESHOLD
    verdict: Verdict = 'unknown' if not scored else 'anomalous' if alarm else 'good'
    seen = scored or list(glimpses)
    best = max(seen, key=lambda g: g.score) if alarm else min(seen, key=_eccentricity)
    policy = _policy(glimpses)
    if policy != 'continue':
        verdict = 'unknown'
    reject = policy == 'reject' or verdict == 'anomalous'
    return Part(verdict, score, best, len(seen), reject, any(g.degraded for g in seen),
                glimpses[0].stamp, glimpses[-1].stamp)


def _eccentricity(glimpse: Glimpse) -> float:
    return glimpse.eccentricity


def _score(scored: Sequence[Glimpse]) -> float:
    """NaN where nothing was scored."""
    if not scored:
        return math.nan
    modes = [mode for mode, count in Counter(g.mode for g in scored).items() if count >= FEW]
    groups = [[g.score for g in scored if g.mode == mode] for mode in modes]
    return max(median(group) for group in groups or [[g.score for g in scored]])


def _policy(glimpses: Sequence[Glimpse]) -> Policy:
    """Of two that withhold, the stricter one."""
    asked = [g.policy for g in glimpses]
    if asked.count('continue') * 2 >= len(asked):
        return 'continue'
    return 'reject' if 'reject' in asked else 'unknown'


def _shot(glimpse: Glimpse) -> Part:
    """A triggered frame: a part of its own, and where it shows none it says so."""
    found = verdict_of([glimpse])
    if glimpse.presence == 'whole' or glimpse.policy != 'continue':
        return found
    return Part('no_part', 0.0, glimpse, 1, False, glimpse.degraded, glimpse.stamp, glimpse.stamp)
