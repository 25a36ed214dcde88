"""One sqlite3 file of a bag, row by row where it is damaged."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import zstandard

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.storage import CDR, Notes, Row, Source
from dcmd_ros.bags.types import full_name

ZSTD = b'\x28\xb5\x2f\xfd'  # no CDR begins so
GAP = 100_000  # so many rows in sequence that cannot be read are the end of the file


class SqliteFile:
    """A `Storage`. A row that cannot be read is passed over and counted in the notes."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self._lost = 0
        self._database = sqlite3.connect(f'file:{quote(str(path))}?mode=ro&immutable=1', uri=True)
        try:
            self._database.execute('PRAGMA writable_schema=ON')  # opens what is cut off, too
            self._topics = self._read_topics()
            self.sources: list[Source] = self._read_sources()
            self.distro = self._read_distro()
            self._rows = self._read_rows()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise BagError(f'{path}: the database cannot be read ({error}): try '
                           f'`sqlite3 {path.name} .recover`') from error
        topics = Counter(topic for _, topic, _ in self._rows)
        self.counts: Mapping[str, int] = Counter(
            {self._topics[number]: count for number, count in topics.items()})
        self.start = self._rows[0][2] if self._rows else 0

    def _query(self, query: str, *values: Any) -> list[Any]:
        return self._database.execute(query, values).fetchall()

    def _has(self, table: str) -> bool:
        return bool(self._query('SELECT 1 FROM sqlite_master WHERE name = ?', table))

    def _read_topics(self) -> dict[int, str]:
        topics = {}
        for number, topic, form in self._query(
                'SELECT id, name, serialization_format FROM topics'):
            if form == CDR:
                topics[number] = topic
            else:
                self.notes[self.path.name, topic] = (
                    f'{self.path.name}: {topic} is encoded as {form!r}, only cdr is read: '
                    'left out')
        return topics

    def _read_sources(self) -> list[Source]:
        texts = {}
        if self._has('message_definitions'):
            texts = {full_name(kind): found for kind, *found in self._query(
                'SELECT topic_type, encoding, encoded_message_definition '
                'FROM message_definitions')}
        types = dict(self._query('SELECT id, type FROM topics'))
        return [Source(topic, full_name(types[number]), *texts.get(full_name(types[number]),
                                                                   ('', '')))
                for number, topic in self._topics.items()]

    def _read_distro(self) -> str | None:
        try:
            return self._query('SELECT ros_distro FROM schema')[0][0]
        except (sqlite3.OperationalError, IndexError):
            return None

    def _read_rows(self) -> list[tuple[int, int, int]]:
        """(id, topic, time) of the messages in order of time."""
        try:
            found = self._query('SELECT id, topic_id, timestamp FROM messages')
        except sqlite3.DatabaseError:
            found = list(self._walk())
        return sorted((row for row in found if row[1] in self._topics),
                      key=lambda row: (row[2], row[0]))

    def _walk(self) -> Iterator[tuple[int, int, int]]:
        """Every row that can be found by its number."""
        number = lost = 0
        while lost < GAP:
            number += 1
            try:
                yield from self._query(
                    'SELECT id, topic_id, timestamp FROM messages WHERE id = ?', number)
                lost = 0
            except sqlite3.DatabaseError:
                lost += 1

    def rows(self, topics: Collection[str]) -> Iterator[Row]:
        for number, topic, received in self._rows:
            if self._topics[topic] in topics:
                data = self._data(number)
                if data is not None:
                    yield Row(self._topics[topic], received, data)

    def at(self, topic: str, received: int) -> bytes | None:
        for number, source, time in self._rows:
            if time == received and self._topics[source] == topic:
                return self._data(number)
        return None

    def close(self) -> None:
        self._database.close()

    def _data(self, number: int) -> bytes | None:
        try:
            (data,), = self._query('SELECT data FROM messages WHERE id = ?', number)
            return zstandard.decompress(data, 1 << 31) if data.startswith(ZSTD) else data
        except (sqlite3.DatabaseError, zstandard.ZstdError, ValueError):
            self._lost += 1
            self.notes[self.path.name, 'rows'] = (
                f'{self.path.name}: {self._lost} messages are damaged and lost')
            return None
