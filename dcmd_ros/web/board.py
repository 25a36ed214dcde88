"""What the page shows, kept between the thread that hears it and the browsers' threads."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Any, NamedTuple

SPAN = 60.0  # seconds of curves
MOST_POINTS = 4000
PARTS = 50
LEASE = 5.0  # seconds that a picture is made for whoever asked for one


class Cursor(NamedTuple):
    """How far a browser has been told: changes, points."""

    changes: int = -1
    points: int = 0


@dataclass(frozen=True)
class Result:
    """
    A judged frame; numbers that are not finite are None.

    sensors  state, confidence and age_ms by name
    """

    verdict: str
    score: float | None
    threshold: float | None
    mode: str
    degraded: bool
    stamp: str
    latency_ms: float | None
    sensors: dict[str, dict[str, Any]]


class Board:
    """
    Safe for all threads; nobody waits for a browser.

    Times are seconds by `clock`; a browser gets `now` with them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = Condition()
        self._changes = 0
        self._present = False
        self._result: dict[str, Any] | None = None
        self._diagnostics: dict[str, dict[str, Any]] = {}
        self._parts: deque[dict[str, Any]] = deque(maxlen=PARTS)
        self._points: deque[list[Any]] = deque(maxlen=MOST_POINTS)
        self._told = 0
        self._passes = 0
        self._picture: tuple[int, bytes] = (0, b'')
        self._asked = -math.inf
        self.closed = False

    # What is heard.

    def present(self, there: bool) -> None:
        """Whether the inspector is there."""
        if there != self._present:
            with self._change():
                self._present = there

    def result(self, result: Result) -> None:
        now = self._clock()
        with self._change():
            self._result = {**vars(result), 'at': now}
            self._told += 1
            self._points.append([
                now, result.score, result.sensors.get('rgb', {}).get('confidence'),
                result.sensors.get('depth', {}).get('confidence'), result.degraded])
            while self._points[0][0] < now - SPAN:
                self._points.popleft()

    def diagnostic(self, part: str, level: str, message: str) -> None:
        with self._change():
            self._diagnostics[part] = {'level': level, 'message': message, 'at': self._clock()}

    def part(self, verdict: str, score: float | None, frames: str, stamp: str) -> None:
        """One pass of a part; `stamp` is the best frame's."""
        with self._change():
            self._passes += 1
            self._parts.appendleft({'number': self._passes, 'verdict': verdict, 'score': score,
                                    'frames': frames, 'stamp': stamp})

    def picture(self, jpeg: bytes) -> None:
        """The newest one; empty: there is none any more."""
        with self._changed:
            self._picture = (self._picture[0] + 1, jpeg)
            self._changed.notify_all()

    @property
    def wanted(self) -> bool:
        """Whether a browser asked for a picture of late."""
        return self._clock() < self._asked + LEASE

    def close(self) -> None:
        """Let go of all browsers."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    # What the browsers ask.

    def news(self, cursor: Cursor, patience: float) -> tuple[Cursor, dict[str, Any]]:
        """
        How things stand, with the points since `cursor`; waits for a change.

        :param patience: seconds to wait at most
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self.closed or self._changes != cursor.changes, patience)
            fresh = min(self._told - cursor.points, len(self._points))
            points = list(self._points)[len(self._points) - fresh:]
            return Cursor(self._changes, self._told), {
                'now': self._clock(), 'span': SPAN, 'present': self._present,
                'result': self._result,
                'diagnostics': dict(self._diagnostics), 'parts': list(self._parts),
                'fresh': cursor.changes < 0, 'points': points}

    def look(self, known: int, patience: float) -> tuple[int, bytes] | None:
        """
        Number and JPEG of the newest picture, None when there is none but the `known` one.

        :param patience: seconds to wait at most
        """
        self._asked = self._clock()
        with self._changed:
            there = self._changed.wait_for(
                lambda: self.closed or self._picture[1] and self._picture[0] != known, patience)
            return self._picture if there and not self.closed else None

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Wakes all who wait, at its end."""
        with self._changed:
            yield
            self._changes += 1
            self._changed.notify_all()
