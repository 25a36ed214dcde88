"""Plays a bag's cameras live: each message when its log time has come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from tqdm import tqdm

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import Choice
from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES
from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes.audience import POLL, Audience
from dcmd_ros.nodes.bag_messages import FaultyBag, Sent, read, role_by_topic
from dcmd_ros.nodes.bag_source import BagSource
from dcmd_ros.nodes.player import read_ahead
from dcmd_ros.nodes.session import Interruption
from dcmd_ros.nodes.source_loop import Report
from dcmd_ros.nodes.source_session import source_session
from dcmd_ros.nodes.stamped_bytes import shifted, stamp_of
from dcmd_ros.sensing.faults import SECOND, parse_faults

CLOCK_PERIOD = 0.005  # seconds between two messages on /clock, at most
SLIP = SECOND // 20  # steady nanoseconds that a message may be late before all others wait for it


@dataclass(frozen=True)
class BagOptions:
    """
    rate      recorded seconds a second
    loop      begin again at the end, until interrupted
    clock     publish `/clock` and keep the recorded stamps; else they are shifted to now
    fault     what befalls the cameras; times count from the first image of each pass
    wait      seconds to wait for a subscription to an image, None: for ever
    wait_for  nodes to wait for besides, by name
    history   messages kept for a reliable listener that lags
    """

    rate: float = 1.0
    loop: bool = False
    clock: bool = False
    fault: str = ''
    wait: float | None = None
    wait_for: Sequence[str] = ()
    history: int = 100

    @property
    def spoilt(self) -> frozenset[str]:
        """The sensors that a fault befalls."""
        return frozenset(fault.sensor for fault in parse_faults(self.fault))


@dataclass
class BagReport(Report):
    """
    What a source's report tells, of a bag.

    passes      so often the bag was begun
    unreadable  messages that could not be sent with their faults, by sensor
    """

    passes: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, object]:
        """For --json; `frames` are the images of the sensor that had most."""
        images = {m: self.sent.get(m, 0) + self.withheld.get(m, 0) for m in MODALITIES}
        return {**super().figures(), 'frames': max(images.values())}


class Messages:
    """
    The messages of a bag pass by pass; `passes` may run in a thread of its own.

    types  of the bag's topics, by name
    start  log time of the first image; its stamp is `stamp`, nanoseconds both

    :raises DcmdError: there is no image
    """

    def __init__(self, bag: Bag, choice: Choice, options: BagOptions) -> None:
        self.tally = Tally()
        self.types = {topic.name: topic.type for topic in bag.topics}
        self._bag, self._choice, self._options = bag, choice, options
        self._roles = role_by_topic(choice)
        self._faults: list[FaultyBag] = []
        cameras = [name for name in (choice.rgb, choice.depth) if name]
        first = next(bag.raw(cameras), None)
        if first is None:
            raise DcmdError(f'{bag.path}: no image of {" or ".join(cameras)} can be read')
        self.start, self.stamp = first.received, stamp_of(first.data)

    @property
    def total(self) -> int:
        """Messages of one pass, as the bag's index has it."""
        return sum(topic.count for topic in self._bag.topics if topic.name in self._roles)

    @property
    def withheld(self) -> dict[str, int]:
        """Images that a fault swallowed, by sensor."""
        counts = {m: sum(faults.withheld[m] for faults in self._faults) for m in MODALITIES}
        return {modality: count for modality, count in counts.items() if count}

    def passes(self) -> Iterator[tuple[int, Sent]]:
        """Each message with the number of its pass, from 1."""
        for number in count(1):
            for sent in self._once():
                yield number, sent
            if not self._options.loop:
                return

    def _once(self) -> Iterator[Sent]:
        if not self._options.fault:
            return (Sent(r.topic, r.type, r.received, r.data, self._roles[r.topic])
                    for r in self._bag.raw(list(self._roles)))
        self._faults.append(FaultyBag(self._options.fault))
        messages = self._faults[-1].apply(read(self._bag, self._choice, self.tally))
        return infos_with_images(messages, self._options.spoilt)


def infos_with_images(messages: Iterable[Sent], spoilt: frozenset[str]) -> Iterator[Sent]:
    """
    The CameraInfo of a sensor that has faults goes with its images, as a camera's does.

    It is not sent with an image that does not come, and has the stamp of the one that does.
    """
    infos: dict[str, Sent] = {}
    for sent in messages:
        sensor = (sent.role or '').removesuffix('_info')
        if sensor in spoilt and sent.role != sensor:
            infos[sensor] = sent
            continue
        if sensor in infos:
            info = infos[sensor]
            yield replace(info, received=sent.received, data=shifted(
                info.data, stamp_of(sent.data) - stamp_of(info.data)))
        yield sent


def play_bag(messages: Messages, choice: Choice, options: BagOptions,
             ros_args: Sequence[str] = ()) -> BagReport:
    """
    Publish the chosen topics as they were recorded; returns at the end or at SIGINT.

    :raises DcmdError: bad ROS arguments, nobody subscribed in time, or what reading raises
    """
    def make(context: Context) -> BagSource:
        return BagSource(context, choice, messages.types, options.spoilt, options.rate,
                         options.clock, options.history)

    report = BagReport()
    with source_session(make, report, ros_args) as (source, executor, interruption):
        BagPlayer(source, executor, options, report, interruption).run(messages)
    return report


class BagPlayer:
    """The player's one thread: messages when due, parameters and the clock in between."""

    def __init__(self, source: BagSource, executor: SingleThreadedExecutor, options: BagOptions,
                 report: BagReport, interruption: Interruption) -> None:
        self._source = source
        self._executor = executor
        self._options = options
        self._report = report
        self._interruption = interruption
        self._audience = Audience(source, source.images, source.outputs, self._spin)
        self._next = 0  # log time of the message that is to come
        self._shift = 0

    def run(self, messages: Messages) -> None:
        self._next = messages.start
        self._source.head.move(messages.start, time.monotonic_ns())
        for name, value in self._source.needs.items():
            self._source.get_logger().info(f'the inspector needs -p {name}:={value}')
        if self._options.wait != 0:
            self._audience.wait(self._options.wait, self._options.wait_for)
        try:
            self._play(messages)
            self._report.acknowledged = self._audience.flush()
        finally:
            self._tell(messages)

    def _play(self, messages: Messages) -> None:
        begin = time.monotonic_ns()
        total = None if self._options.loop else messages.total
        for number, sent in tqdm(read_ahead(messages.passes()), total=total, unit='message',
                                 desc='player'):
            self._next = sent.received
            if number != self._report.passes:
                self._begin_pass(number, messages.stamp)
            self._spin_until_due()
            self._source.tick(self._next)
            self._source.send(sent, self._shift)
            self._report.seconds = (time.monotonic_ns() - begin) / SECOND

    def _begin_pass(self, number: int, stamp: int) -> None:
        self._report.passes = number
        self._source.head.move(self._next, time.monotonic_ns())
        if not self._options.clock:
            self._shift = self._source.get_clock().now().nanoseconds - stamp

    def _spin_until_due(self) -> None:
        """Serve parameters, at least once, until the next message's log time has come."""
        while True:
            due = self._source.head.due(self._next)
            left = POLL if due is None else max(due - time.monotonic_ns(), 0) / SECOND
            self._spin(min(left, POLL))
            now, due = time.monotonic_ns(), self._source.head.due(self._next)
            if due is not None and now >= due:
                if now > due + SLIP:
                    self._report.slipped += 1
                    self._source.head.move(self._next, now)
                return

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            left = max(end - time.monotonic(), 0.0)
            self._tick()
            self._executor.spin_once(timeout_sec=min(left, CLOCK_PERIOD) if self._options.clock
                                     else left)
            if self._interruption.came:
                raise KeyboardInterrupt
            if time.monotonic() >= end:
                return

    def _tick(self) -> None:
        """The clock never goes past a message that has not been sent yet."""
        self._source.tick(min(self._source.head.at(time.monotonic_ns()), self._next))

    def _tell(self, messages: Messages) -> None:
        self._report.labels = self._source.labels
        self._report.sent = dict(self._source.sent)
        self._report.withheld = messages.withheld
        self._report.unreadable = {
            m: count for m in MODALITIES
            if (count := messages.tally.counts(m).get('unreadable', 0))}
