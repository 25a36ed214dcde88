"""Watches a run of an inspector until whoever plays the stream has gone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dcmd_ros.nodes.inspector_counts import lost
from dcmd_ros.nodes.observer import Observer, Result, values
from dcmd_ros.nodes.presence import Presence
from dcmd_ros.nodes.session import Interruption, large_images, ros_session, signals_deferred
from dcmd_ros.nodes.watch import Sink, Watch

QUIET = 3.0  # seconds without a result after the player has gone that end a run
TWICE = 2  # so often the inspector must have told how it is meanwhile
PATIENCE = 30.0  # seconds after the player has gone that end a run in any case
End = Literal['player gone', 'duration', 'interrupted']


@dataclass
class Seen:
    """
    What was seen besides the results.

    topic       of the results
    model       as the inspector's diagnostics have it
    lost        what these count as lost, by sensor or stage and cause
    unreadable  messages by topic that were not as the contract has them
    cause       why there may be no results, in the inspector's words
    """

    topic: str
    model: str = ''
    lost: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    cause: str = ''
    ended: End = 'player gone'


def watch(inspector: str, sink: Sink, on_result: Callable[[Result], None],
          duration: float | None = None, pictures: bool = True,
          ros_args: Sequence[str] = ()) -> Seen:
    """
    Pass all that is heard to `sink` and `on_result`; returns at the end or at SIGINT.

    :param duration: seconds from the first result, None = until the player has gone
    :raises DcmdError: bad ROS arguments
    """
    large_images()
    with ros_session(ros_args) as context, signals_deferred() as interruption:
        observer = Observer(context, inspector, on_result)
        try:
            run = RunWatch(observer, inspector, sink, interruption, duration, pictures)
            return run.run()
        finally:
            observer.close()


class RunWatch:
    """One run; `run` it once."""

    def __init__(self, observer: Observer, inspector: str, sink: Sink,
                 interruption: Interruption, duration: float | None, pictures: bool) -> None:
        """:param interruption: of before the run; during it, it is its own."""
        topic = observer.node.resolve_topic_name(f'{inspector}/inspection')
        self._name = topic.removesuffix('/inspection').lstrip('/')
        self._observer, self._interruption = observer, interruption
        self._duration = math.inf if duration is None else duration
        self._watch = Watch(observer, inspector, sink, pictures)
        self._presence = Presence(observer.node)
        self._gone: float | None = None
        self._told_then = 0
        self._seen = Seen(topic)

    def run(self) -> Seen:
        observer, seen = self._observer, self._seen
        observer.node.get_logger().info(f'listening to {seen.topic}')
        try:
            observer.spin_until(self._is_over, math.inf)
        except KeyboardInterrupt:
            seen.ended = 'interrupted'
        inference = observer.diagnostics.get(f'{self._name}: inference')
        seen.model = values(inference).get('model', '') if inference else ''
        seen.lost = lost(observer, self._name)
        seen.unreadable = dict(observer.unreadable)
        seen.cause = '; '.join(f'{name}: {status.message}' for name, status in
                               observer.diagnostics.items() if ord(status.level))
        return seen

    def _is_over(self) -> bool:
        if self._interruption.came:
            self._seen.ended = 'interrupted'
            return True
        self._watch.look()
        results = self._observer.results
        if results and time.monotonic() > results[0].arrival + self._duration:
            self._seen.ended = 'duration'
            return True
        return self._is_drained()

    def _is_drained(self) -> bool:
        """Whether the player has gone, and all results that it brought have come."""
        if not self._presence.gone():
            self._gone = None
            return False
        now, told = time.monotonic(), self._observer.told[f'{self._name}: inference']
        if self._gone is None:
            self._gone, self._told_then = now, told
        last = max([self._gone, *(r.arrival for r in self._observer.results[-1:])])
        quiet = now > last + QUIET and (
            told >= self._told_then + TWICE or not self._observer.hears)
        return now > self._gone + PATIENCE or quiet and bool(self._observer.results)
