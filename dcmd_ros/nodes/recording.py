"""A recording from its first topic to the end of its file."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rclpy.executors import SingleThreadedExecutor
from tqdm import tqdm

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.spool import Spool
from dcmd_ros.bags.writer import BagWriter
from dcmd_ros.nodes.recorded_topics import PICTURES, TopicOptions
from dcmd_ros.nodes.recorder import Count, Recorder
from dcmd_ros.nodes.session import Interruption, large_images, ros_session, signals_deferred

POLL = 0.1        # s until a new topic or a signal is seen
PATIENCE = 5.0    # s without a camera until it is told what is waited for
START = 10.0      # s that publishers have to be found
LAST_CALL = 1.0   # s for what had come before the end
MEGABYTE = 1e6


@dataclass
class Report:
    """
    counts   by topic
    seconds  from the first message to the end
    failure  why the recording ended before it should, None where it did not
    """

    counts: dict[str, Count]
    seconds: float
    failure: BagError | None

    def total(self, what: str) -> int:
        """The sum of a figure of Count over all topics."""
        return sum(getattr(count, what) for count in self.counts.values())

    def figures(self) -> dict[str, object]:
        """For --json."""
        totals = {name: self.total(name) for name in ('messages', 'bytes', 'dropped', 'lost')}
        return {**totals, 'seconds': round(self.seconds, 3),
                'topics': {name: count.figures() for name, count in sorted(self.counts.items())}}


def record(path: Path, options: TopicOptions, ros_args: Sequence[str] = (),
           duration: float | None = None, buffer: int = 256 << 20,
           overwrite: bool = False) -> Report:
    """
    Record until SIGINT, SIGTERM, a full disk or `duration`. In the main thread.

    :param duration: seconds from the first message on; without one, from the start, and then
        no less than START
    :param buffer: bytes that may wait for the disk
    :raises DcmdError: bad ROS arguments
    """
    large_images()
    spool = Spool(lambda: BagWriter(path, overwrite, quick=True), buffer)
    with ros_session(ros_args) as context, signals_deferred() as interruption:
        recorder = Recorder(context, options, spool, tell)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(recorder)
        try:
            seconds = Loop(recorder, executor, spool, interruption).run(duration)
        finally:
            executor.shutdown()
            recorder.destroy_node()
            spool.close()
    return Report(recorder.counts, seconds, spool.failure)


class Loop:
    """The recorder's one thread, with a progress bar."""

    def __init__(self, recorder: Recorder, executor: SingleThreadedExecutor, spool: Spool,
                 interruption: Interruption) -> None:
        self._recorder = recorder
        self._executor = executor
        self._spool = spool
        self._interruption = interruption
        self._start = time.monotonic()
        self._first: float | None = None
        self._hinted = False

    def run(self, duration: float | None) -> float:
        """Seconds from the first message to the end."""
        with tqdm(desc='recording', unit='message', dynamic_ncols=True) as bar:
            while not self._ended(duration):
                self._recorder.scan()
                self._spin(POLL)
                self._show(bar)
            self._drain()
            self._show(bar)
        return 0.0 if self._first is None else time.monotonic() - self._first

    def _ended(self, duration: float | None) -> bool:
        late = duration is not None and time.monotonic() >= (
            self._start + max(duration, START) if self._first is None else self._first + duration)
        return late or self._interruption.came or self._spool.failure is not None

    def _spin(self, seconds: float) -> None:
        """Take messages for so long, or until a signal comes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._interruption.came:
            self._executor.spin_once(timeout_sec=left)
        if self._first is None and self._recorder.messages:
            self._first = time.monotonic()

    def _drain(self) -> None:
        """What came before the end, as far as it is taken quickly."""
        end = time.monotonic() + LAST_CALL
        before = -1
        while before != self._recorder.messages and time.monotonic() < end:
            before = self._recorder.messages
            self._executor.spin_once(timeout_sec=0)

    def _show(self, bar: tqdm) -> None:
        counts = self._recorder.counts
        size = sum(count.bytes for count in counts.values()) / MEGABYTE
        rate = 0.0 if self._first is None else size / max(time.monotonic() - self._first, POLL)
        bar.set_postfix_str(f'{size:.1f} MB, {rate:.1f} MB/s{drops(counts)}', refresh=False)
        bar.update(self._recorder.messages - bar.n)
        if not self._hinted and time.monotonic() > self._start + PATIENCE:
            self._hinted = True
            hint(self._recorder)


def drops(counts: dict[str, Count]) -> str:
    """What is missing by topic, such as `, /rgb/image dropped 3 lost 1`; empty where nothing."""
    return ''.join(f', {name} dropped {count.dropped} lost {count.lost}'
                   for name, count in sorted(counts.items()) if count.dropped or count.lost)


def hint(recorder: Recorder) -> None:
    """Tell what is waited for, where no camera is there."""
    if recorder.waits_for_clock:
        tell('waiting for /clock, as use_sim_time is set')
        return
    if any(count.type in PICTURES for count in recorder.counts.values()):
        return
    published = recorder.published()
    others = sorted(name for name, kind in published.items() if kind in PICTURES)
    there = f'there are {", ".join(others)}' if others else 'no image is published at all'
    tell(f'no camera yet: nobody publishes {" or ".join(recorder.selection.images)} ({there}); '
         'rename with --ros-args -r rgb/image:=TOPIC -r depth/image:=TOPIC')


def tell(line: str) -> None:
    """Beside the progress bar."""
    tqdm.write(line, file=sys.stderr)
