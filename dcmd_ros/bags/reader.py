"""A bag: what is in it, and its messages in order of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rosbags.serde import SerdeError
from rosbags.typesys.store import Typestore

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.files import open_storage
from dcmd_ros.bags.folder import find
from dcmd_ros.bags.merge import merged
from dcmd_ros.bags.storage import Notes, Row, Source, Storage
from dcmd_ros.bags.types import DEFAULT, definition_of, distros, parsed, typestore

__all__ = ['Bag', 'BagError', 'RawRecord', 'Record', 'Topic']


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
        self._unreadable: Counter[str] = Counter()
        self._stores: dict[str, Typestore | None] = {}
        self._closing = ExitStack()
        try:
            self._open(distro)
        except OSError as error:
            self.close()
            raise BagError(f'{self.path}: cannot be read ({error.strerror})') from error
        except BaseException:
            self.close()
            raise

    def _open(self, distro: str | None) -> None:
        parts = find(self.path, self._notes)
        self._storages: list[Storage] = []
        for file in parts.files:
            storage = open_storage(file, self._notes, self._closing)
            self._closing.callback(storage.close)
            self._storages.append(storage)
        self._sources: dict[str, Source] = {}
        for source in (source for storage in self._storages for source in storage.sources):
            self._sources.setdefault(source.topic, source)
        told = [parts.distro, *(storage.distro for storage in self._storages)]
        self._fallback = self._choose_distro(distro, next(filter(None, told), None))
        self.topics = self._count()
        if not any(topic.count for topic in self.topics):
            raise BagError(f'{self.path}: holds no message that can be read'
                           f'{"".join("; " + note for note in self.notes)}')

    def _choose_distro(self, asked: str | None, told: str | None) -> Typestore:
        if asked is not None:
            return typestore(asked)
        if told in distros():
            return typestore(told)
        lacking = sorted(source.type for source in self._sources.values() if not source.encoding)
        if lacking:
            self._notes['distro',] = (
                f'the bag does not hold the definitions of {", ".join(lacking)}: those of '
                f'{DEFAULT} are used, --distro names another')
        return typestore()

    def _count(self) -> list[Topic]:
        counts = sum((Counter(storage.counts) for storage in self._storages), Counter())
        return [Topic(source.topic, source.type, counts[source.topic])
                for _, source in sorted(self._sources.items())]

    @property
    def notes(self) -> list[str]:
        """What was missing, recovered or lost, in plain sentences."""
        return list(self._notes.values())

    def raw(self, topics: Collection[str]) -> Iterator[RawRecord]:
        """The messages of these topics in order of log time, undecoded."""
        for row in self._rows(topics):
            yield RawRecord(row.topic, self._sources[row.topic].type, row.received, row.data)

    def records(self, topics: Collection[str]) -> Iterator[Record]:
        """
        The messages of these topics in order of log time over all files.

        Those that cannot be decoded are left out and counted in `notes`.
        """
        for row in self._rows(topics):
            try:
                yield Record(row.topic, row.received, self._decode(row))
            except ValueError as error:
                self._unreadable[row.topic] += 1
                self._notes['unreadable', row.topic] = (
                    f'{self._unreadable[row.topic]} messages of {row.topic} cannot be read: '
                    f'{error}')

    def at(self, topic: str, received: int) -> Any:
        """
        The message of the topic with this log time, once more.

        :raises BagError: there is none, or it cannot be read
        """
        for storage in self._storages:
            data = storage.at(topic, received)
            if data is not None:
                try:
                    return self._decode(Row(topic, received, data))
                except ValueError as error:
                    raise BagError(f'{self.path}: the message of {topic} at {received} ns cannot '
                                   f'be read: {error}') from error
        raise BagError(f'{self.path}: {topic} has no message at {received} ns')

    def definition(self, topic: str) -> str:
        """
        The ros2msg text of the topic's type, to write it again.

        :raises BagError: a topic that is not there, or a type that is not known
        """
        source = self._sources.get(topic)
        if source is None:
            raise BagError(f'{self.path}: there is no topic {topic}')
        if source.encoding == 'ros2msg':
            return source.definition
        return definition_of(source.type, self._store(source) or self._fallback)

    def close(self) -> None:
        self._closing.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, topics: Collection[str]) -> Iterator[Row]:
        wanted = frozenset(topics)
        return merged((storage.start, partial(storage.rows, wanted))
                      for storage in self._storages)

    def _decode(self, row: Row) -> Any:
        """:raises ValueError: of an unknown type, or not what the type says"""
        source = self._sources[row.topic]
        store = self._store(source)
        if store is None:
            raise ValueError(f'its type {source.type or "(none)"} is not known')
        try:
            return store.deserialize_cdr(row.data, source.type)
        except (SerdeError, IndexError, TypeError, MemoryError, OverflowError) as error:
            raise ValueError(f'it is not what {source.type} should be') from error

    def _store(self, source: Source) -> Typestore | None:
        """The types for this topic: the bag's own, else the distribution's; None: unknown."""
        if source.type not in self._stores:
            self._stores[source.type] = self._find_store(source)
        return self._stores[source.type]

    def _find_store(self, source: Source) -> Typestore | None:
        if source.encoding:
            try:
                return parsed(source.definition, source.encoding, source.type)
            except ValueError:
                self._notes['definition', source.type] = (
                    f'the definition of {source.type} in the bag cannot be read: that of the '
                    'distribution is used')
        return self._fallback if source.type in self._fallback.fielddefs else None
