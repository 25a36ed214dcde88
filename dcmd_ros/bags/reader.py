"""A bag: what is in it, and its messages in order of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dcmd_ros.bags.decoder import Decoder
from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.files import inflated, open_storage
from dcmd_ros.bags.folder import METADATA, Parts, find
from dcmd_ros.bags.merge import merged
from dcmd_ros.bags.storage import Notes, Row, Source, Storage

__all__ = ['Bag', 'BagError', 'RawRecord', 'Record', 'Topic', 'firsts']


@dataclass(frozen=True)
class Topic:
    """`type` as 'sensor_msgs/msg/Image'; `count` as the bag's index has it."""

    name: str
    type: str
    count: int


@dataclass(frozen=True)
class Record:
    """A message, with the fields of the ROS message; received: the bag's log time, ns."""

    topic: str
    received: int
    message: Any


@dataclass(frozen=True)
class RawRecord:
    """A message as it is in the bag, in CDR."""

    topic: str
    type: str
    received: int
    data: bytes


class OnTopic(Protocol):
    @property
    def topic(self) -> str: ...


T = TypeVar('T', bound=OnTopic)


class Bag:
    """
    A rosbag2 folder, or one of its .mcap or .db3 files; a context manager.

    Damage is passed over: what could not be read is told in `notes`, which reading adds to, so
    show them when all is read.

    :param distro: the ROS distribution whose types are used where the bag does not hold them
    :raises BagError: what is no bag, or holds no message that can be read
    """

    def __init__(self, path: str | Path, distro: str | None = None) -> None:
        self.path = Path(path)
        self._notes: Notes = {}
        self._closing = ExitStack()
        try:
            self._open(distro)
        except BaseException:
            self.close()
            raise

    def _open(self, distro: str | None) -> None:
        try:
            parts = find(self.path, self._notes)
        except OSError as error:
            raise BagError(f'{self.path}: cannot be read ({error.strerror})') from error
        self._storages: list[Storage] = []
        for file in parts.files:
            storage = open_storage(file, self._notes, self._closing)
            self._closing.callback(storage.close)
            self._storages.append(storage)
        self._sources = self._declared()
        told = [parts.distro, *(storage.distro for storage in self._storages)]
        self._decoder = Decoder(self._sources, distro, next(filter(None, told), None),
                                self._notes)
        self._counts: Counter[str] = Counter()
        for storage in self._storages:
            self._counts.update(storage.counts)
        self.topics = [Topic(name, source.type, self._counts[name])
                       for name, source in sorted(self._sources.items())]
        self._check(parts)

    def _declared(self) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for source in (source for storage in self._storages for source in storage.sources):
            first = found.setdefault(source.topic, source)
            if first.type != source.type:
                self._notes['types', source.topic] = (
                    f'{source.topic} holds messages of {first.type} and of {source.type}: all '
                    f'are read as {first.type}')
        return found

    def _check(self, parts: Parts) -> None:
        total = self._counts.total()
        if parts.expected not in (None, total):
            self._notes['count',] = (f'{METADATA} counts {parts.expected} messages, {total} '
                                     'were found')
        if not any(topic.count for topic in self.topics):
            raise BagError(f'{self.path}: holds no message that can be read: ' + (
                '; '.join(self.notes) or 'was the camera running when it was recorded?'))

    @property
    def notes(self) -> list[str]:
        """What was missing, recovered or lost, in plain sentences."""
        return list(self._notes.values())

    def raw(self, topics: Collection[str]) -> Iterator[RawRecord]:
        """
        The messages of these topics in order of log time over all files, undecoded.

        Those that are damaged are left out and counted in `notes`.

        :raises BagError: a topic that the bag does not have
        """
        for row in self._rows(topics):
            yield RawRecord(row.topic, self._sources[row.topic].type, row.received, row.data)

    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """The same, decoded; those that cannot be are left out and counted in `notes`, too."""
        unreadable: Counter[str] = Counter()
        for row in self._rows(topics):
            try:
                message = self._decoder.decode(row.topic, row.data)
            except ValueError as error:
                unreadable[row.topic] += 1
                self._notes['unreadable', row.topic] = (
                    f'{unreadable[row.topic]} of {self._counts[row.topic]} messages of '
                    f'{row.topic} cannot be read: {error}')
            else:
                yield Record(row.topic, row.received, message)

    def at(self, topic: str, received: int) -> Any:
        """
        The message of the topic with this log time, once more; the first, should there be two.

        :raises BagError: there is none, or it cannot be read
        """
        for storage in self._storages:
            data = storage.at(topic, received)
            if data is not None:
                try:
                    return self._decoder.decode(topic, inflated(data))
                except ValueError as error:
                    raise BagError(f'{self.path}: the message of {topic} at {received} ns '
                                   f'cannot be read: {error}') from error
        raise BagError(f'{self.path}: {topic} has no message at {received} ns that can be read')

    def definition(self, topic: str) -> str:
        """
        The ros2msg text of the topic's type, to write it again.

        :raises BagError: a topic that is not there, or a type that is not known
        """
        self._check_topics([topic])
        return self._decoder.definition(topic)

    def close(self) -> None:
        self._closing.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_topics(self, topics: Collection[str]) -> None:
        absent = sorted(set(topics) - set(self._sources))
        if absent:
            raise BagError(f'{self.path}: there is no topic {", ".join(absent)} that can be read')

    def _rows(self, topics: Collection[str]) -> Iterator[Row]:
        self._check_topics(topics)
        left = {topic: self._counts[topic] for topic in topics}
        for row in merged((storage.start, partial(storage.rows, frozenset(topics)))
                          for storage in self._storages):
            try:
                data = inflated(row.data)
            except ValueError:
                continue
            left[row.topic] -= 1
            yield row._replace(data=data)
        for topic, count in left.items():
            if count > 0:
                self._notes['lost', topic] = (f'{count} of {self._counts[topic]} messages of '
                                              f'{topic} are lost')


def firsts(messages: Iterable[T], topics: Collection[str]) -> Iterator[T]:
    """The first message of each of these topics; no more are read than that takes."""
    wanted = set(topics)
    for message in messages if wanted else ():
        if message.topic in wanted:
            wanted.remove(message.topic)
            yield message
        if not wanted:
            return
