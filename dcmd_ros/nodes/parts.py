"""From judged frames to judged parts: `~/part` and `~/reject`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import Header

from dcmd_ros.framing.shot import NANOSECONDS
from dcmd_ros.nodes.parameters import Settings
from dcmd_ros.nodes.result import VERDICT_LEVELS, Result, status
from dcmd_ros.stream.passes import Glimpse, Part, Passes
from dcmd_ros.stream.stamps import seconds


@dataclass(frozen=True)
class PartResult:
    """
    A judged part on its way to the publishers.

    category  of the model that judged it
    frame_id  of its frames
    """

    part: Part
    category: str
    frame_id: str

    def message(self) -> DiagnosticArray:
        """As the contract has it on `~/part`, with the header of the frame that shows it best."""
        part = self.part
        header = Header(frame_id=self.frame_id)
        header.stamp.sec, header.stamp.nanosec = divmod(part.best.stamp, NANOSECONDS)
        text = f'{part.verdict}, score {part.score:.4f}, {part.frames} frames'
        return DiagnosticArray(header=header, status=[
            status('part', VERDICT_LEVELS[part.verdict], text, {
                'verdict': part.verdict, 'score': repr(float(part.score)),
                'best_stamp': seconds(part.best.stamp), 'frames': part.frames,
                'reject': 'true' if part.reject else 'false',
                'degraded': 'true' if part.degraded else 'false', 'category': self.category,
                'first_stamp': seconds(part.begin), 'last_stamp': seconds(part.end)})])


class Parts:
    """
    Owned by the thread that judges.

    :param settings: the node's, as they are now
    :param tell: gets each part when its pass is over
    :param reject: gets whether the part in view is to be taken out: when that changes, and when
        the part is told
    """

    def __init__(self, settings: Callable[[], Settings], tell: Callable[[PartResult], None],
                 reject: Callable[[bool], None]) -> None:
        self._settings, self._tell, self._reject = settings, tell, reject
        self._passes = Passes()
        self._rejected: bool | None = None
        self._seen: Result | None = None
        self._heard = 0

    def take(self, result: Result) -> None:
        """The next judged frame."""
        settings = self._settings()
        self._passes.timeout = round(settings.part_timeout * NANOSECONDS)
        self._passes.longest = round(settings.part_longest * NANOSECONDS)
        self._passes.triggered = settings.acquisition == 'triggered'
        self._heard = time.monotonic_ns()
        before, self._seen = self._seen or result, result
        self._told(self._passes.add(glimpse(result)), before)
        running = self._passes.running
        if running is not None and running.reject != self._rejected:
            self._say(running.reject)

    def expire(self) -> None:
        """End the pass where no frame has come for long."""
        if time.monotonic_ns() - self._heard > self._passes.timeout:
            self.finish()

    def finish(self) -> None:
        """End the pass that is in view."""
        if self._seen is not None:
            self._told(self._passes.finish(), self._seen)

    def _told(self, parts: Iterable[Part], shown: Result) -> None:
        for part in parts:
            self._say(part.reject)
            self._tell(PartResult(part, shown.category, shown.inspection.frame_id))

    def _say(self, reject: bool) -> None:
        self._rejected = reject
        self._reject(reject)


def glimpse(result: Result) -> Glimpse:
    """What of a result matters for its part."""
    judged = result.inspection
    return Glimpse(judged.stamp, judged.presence, judged.score, judged.mode, judged.centre,
                   result.policy, result.degraded)
