"""Runs a source at its rate, from the first listener to the last acknowledged message."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from dcmd_ros.nodes.audience import POLL, Audience
from dcmd_ros.nodes.session import Interruption
from dcmd_ros.nodes.source import IMAGE_HISTORY, Choice, Mounting, RgbdSource, SourceFrame
from dcmd_ros.nodes.source_session import source_session
from dcmd_ros.sensing.faults import SECOND


@dataclass(frozen=True)
class SourceOptions:
    """
    name            of the node
    fps             frames a second
    fault           where the parameter of this name begins
    depth_encoding  32FC1 or 16UC1
    seed            of the faults
    wait            seconds to wait for a subscription to an image, None: for ever
    history         messages kept for a reliable listener that lags
    mounting        of the camera
    """

    name: str
    fps: float
    fault: str = ''
    depth_encoding: str = '32FC1'
    seed: int = 0
    wait: float | None = 0.0
    history: int = IMAGE_HISTORY
    mounting: Mounting = Mounting()


@dataclass
class Report:
    """
    What a source did.

    labels        frames by label
    sent          images by sensor that went out
    withheld      images by sensor that a fault swallowed
    slipped       frames that came over one period late
    seconds       from the first frame to the last
    acknowledged  whether all reliable listeners got the last messages
    interrupted   by SIGINT or SIGTERM
    """

    labels: Counter[str] = field(default_factory=Counter)
    sent: dict[str, int] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)
    slipped: int = 0
    seconds: float = 0.0
    acknowledged: bool = False
    interrupted: bool = False

    def figures(self) -> dict[str, object]:
        """For --json."""
        return {'frames': self.labels.total(), **vars(self), 'labels': dict(self.labels),
                'seconds': round(self.seconds, 3)}


def run_source(frames: Iterable[SourceFrame], options: SourceOptions,
               ros_args: Sequence[str] = (), choice: Choice | None = None) -> Report:
    """
    Publish all frames at their rate; returns when they are through or at SIGINT.

    :param choice: a further parameter of the node, that the frames go by
    :raises DcmdError: bad ROS arguments or faults, or nobody subscribed in time
    """
    def make(context: Context) -> RgbdSource:
        return RgbdSource(options.name, context, options.fault, options.depth_encoding,
                          options.seed, options.history, options.mounting, choice)

    report = Report()
    with source_session(make, report, ros_args) as (source, executor, interruption):
        Loop(source, executor, options, report, interruption).run(frames)
    return report


class Loop:
    """The source's one thread: frames when due, parameters and delayed messages in between."""

    def __init__(self, source: RgbdSource, executor: SingleThreadedExecutor,
                 options: SourceOptions, report: Report, interruption: Interruption) -> None:
        self._source = source
        self._executor = executor
        self._options = options
        self._report = report
        self._interruption = interruption
        self._audience = Audience(source, source.outputs[:2], source.outputs, self._spin)

    def run(self, frames: Iterable[SourceFrame]) -> None:
        if self._options.wait != 0:
            self._audience.wait(self._options.wait)
        try:
            self._play(frames)
            while self._source.next_late is not None:
                self._spin_until(self._source.next_late)
            self._report.acknowledged = self._audience.flush()
        finally:
            self._report.sent = dict(self._source.sent)
            self._report.withheld = dict(self._source.withheld)

    def _play(self, frames: Iterable[SourceFrame]) -> None:
        period = round(SECOND / self._options.fps)
        begin = due = time.monotonic_ns()
        for number, frame in enumerate(frames):
            self._spin_until(due)
            if time.monotonic_ns() > due + period:
                self._report.slipped += 1
                due = time.monotonic_ns()
            self._source.send(frame, number * period)
            self._report.labels[frame.label] += 1
            self._report.seconds = (time.monotonic_ns() - begin) / SECOND
            due += period

    def _spin_until(self, due: int) -> None:
        """Serve parameters and send what is late, at least once, until steady time `due`."""
        while True:
            self._source.send_late()
            wake = min(due, self._source.next_late or due)
            left = max(wake - time.monotonic_ns(), 0)
            self._spin(min(left / SECOND, POLL))
            if time.monotonic_ns() >= due:
                return

    def _spin(self, seconds: float) -> None:
        self._executor.spin_once(timeout_sec=seconds)
        if self._interruption.came:
            raise KeyboardInterrupt
