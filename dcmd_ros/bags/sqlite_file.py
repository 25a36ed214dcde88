"""One sqlite3 file of a bag, row by row where it is damaged."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from dcmd_ros.bags.storage import CDR, Notes, Row, Source, source

GAP = 100_000   # so many numbers in sequence without a row that can be read are the end,
LEAST_ROW = 16  # or as many as the file could hold of rows of so many bytes
NUMBER, TOPIC, TIME = range(3)  # columns of the table of messages
FIND = 'SELECT id, topic_id, timestamp FROM messages'


class SqliteFile:
    """
    A `Storage`. A row that cannot be read is passed over and noted.

    :raises sqlite3.DatabaseError: no rosbag2 database, or its topics cannot be read
    """

    distro: str | None = None

    def __init__(self, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self._database = sqlite3.connect(f'file:{quote(str(path))}?mode=ro&immutable=1', uri=True,
                                         check_same_thread=False)
        self._database.text_factory = lambda text: text.decode(errors='replace')
        try:
            self._database.execute('PRAGMA writable_schema=ON')  # opens one that is cut off, too
            self._open()
        except (TypeError, ValueError) as error:
            self.close()
            raise sqlite3.DatabaseError('columns of other types') from error
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        topics = self._query('SELECT id, name, type, serialization_format FROM topics')
        self._topics = {number: name for number, name, _, form in topics if form == CDR}
        for _, name, _, form in topics:
            if form != CDR:
                self.notes[self.path.name, name] = (
                    f'{self.path.name}: {name} is encoded as {form!r}, only cdr is read: '
                    'left out')
        texts = self._definitions()
        self.sources: list[Source] = [source(name, msgtype, *texts.get(msgtype, ('', '')))
                                      for _, name, msgtype, form in topics if form == CDR]
        self.distro = next((distro for distro, in self._if_there(
            'SELECT ros_distro FROM schema')), None)
        self._read_table({number: name for number, name, _, _ in topics})

    def _query(self, query: str, *values: Any) -> list[Any]:
        return self._database.execute(query, values).fetchall()

    def _if_there(self, query: str) -> list[Any]:
        """The same of a table that older bags lack, or that is damaged and can be done without."""
        try:
            return self._query(query)
        except sqlite3.DatabaseError:
            return []

    def _definitions(self) -> dict[str, tuple[str, str]]:
        """By type: how it is encoded, and the definition."""
        return {msgtype: (encoding, text) for msgtype, encoding, text in self._if_there(
            'SELECT topic_type, encoding, encoded_message_definition FROM message_definitions')}

    def _read_table(self, names: dict[int, str]) -> None:
        """Where the messages are, in order of time: (N, 3) of number, topic, time."""
        try:
            found = self._query(FIND)
        except sqlite3.DatabaseError:
            found = list(self._walk())
            self.notes[self.path.name, 'table'] = (
                f'{self.path.name}: the database is cut off or damaged: {len(found)} messages '
                'were found in it, the others are lost')
        table = np.array(found, np.int64).reshape(-1, 3)
        self._table = table[np.lexsort((table[:, NUMBER], table[:, TIME]))]
        self.start = int(table[:, TIME].min()) if len(table) else 0
        counts = Counter(table[:, TOPIC].tolist())
        self.counts: Counter[str] = Counter()
        for number, count in counts.items():
            if number in names:
                self.counts[names[number]] += count
            else:
                self.notes[self.path.name, str(number)] = (
                    f'{self.path.name}: {count} messages are lost, because their topic, number '
                    f'{number}, is not there')

    def _walk(self) -> Iterator[tuple[int, int, int]]:
        """Every message that can be found by its number."""
        number = missed = 0
        most = min(GAP, self.path.stat().st_size // LEAST_ROW)
        while missed < most:
            number, missed = number + 1, missed + 1
            try:
                for row in self._query(f'{FIND} WHERE id = ?', number):
                    missed = 0
                    yield row
            except sqlite3.DatabaseError:
                continue

    def rows(self, topics: Collection[str]) -> Iterator[Row]:
        wanted = [number for number, name in self._topics.items() if name in topics]
        for number, topic, received in self._table[np.isin(self._table[:, TOPIC], wanted)]:
            data = self._data(int(number))
            if data is not None:
                yield Row(self._topics[int(topic)], int(received), data)

    def at(self, topic: str, received: int) -> bytes | None:
        first, last = (np.searchsorted(self._table[:, TIME], received, side)
                       for side in ('left', 'right'))
        for number, source_, _ in self._table[first:last]:
            if self._topics.get(int(source_)) == topic:
                return self._data(int(number))
        return None

    def close(self) -> None:
        self._database.close()

    def _data(self, number: int) -> bytes | None:
        try:
            return bytes(self._query('SELECT data FROM messages WHERE id = ?', number)[0][0])
        except (sqlite3.DatabaseError, IndexError, TypeError):
            self.notes[self.path.name, 'rows'] = (
                f'{self.path.name}: the database is damaged: some messages in it are lost')
            return None
