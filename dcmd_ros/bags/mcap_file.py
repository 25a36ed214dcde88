"""One mcap file, read by its index or, where that is damaged, by a rebuilt one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from mcap.opcode import Opcode

from dcmd_ros.bags.mcap_index import (
    DAMAGE,
    HEAD,
    MESSAGE,
    Block,
    read_index,
    records,
    unpacked,
)
from dcmd_ros.bags.merge import merged
from dcmd_ros.bags.recovery import Walk
from dcmd_ros.bags.storage import CDR, Notes, Row, Source, seconds
from dcmd_ros.bags.types import full_name


class McapFile:
    """A `Storage`. A chunk that cannot be read is passed over and noted."""

    distro: str | None = None

    def __init__(self, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self._file = path.open('rb')
        try:
            self._index = (read_index(self._file, path.stat().st_size)
                           or Walk(self._file, path, notes).run())
        except BaseException:
            self._file.close()
            raise
        self._topics = {number: channel.topic for number, channel in self._index.channels.items()
                        if self._is_cdr(channel.topic, channel.message_encoding)}
        self.start = min((block.start for block in self._index.blocks), default=0)

    def _is_cdr(self, topic: str, encoding: str) -> bool:
        if encoding != CDR:
            self.notes[self.path.name, topic] = (
                f'{self.path.name}: {topic} is encoded as {encoding!r}, only cdr is read: '
                'left out')
        return encoding == CDR

    @property
    def sources(self) -> list[Source]:
        found = []
        for number, topic in self._topics.items():
            schema = self._index.schemas.get(self._index.channels[number].schema_id)
            found.append(Source(topic, full_name(schema.name), schema.encoding,
                                schema.data.decode(errors='replace'))
                         if schema else Source(topic, '', '', ''))
        return found

    @property
    def counts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for number, topic in self._topics.items():
            found[topic] += self._index.counts[number]
        return found

    def rows(self, topics: Collection[str]) -> Iterator[Row]:
        wanted = self._channels(topics)
        return merged((block.start, partial(self._read, block, wanted))
                      for block in self._blocks(wanted))

    def at(self, topic: str, received: int) -> bytes | None:
        wanted = self._channels([topic])
        for block in self._blocks(wanted):
            if block.start <= received <= block.end:
                for row in self._read(block, wanted):
                    if row.received == received:
                        return row.data
        return None

    def close(self) -> None:
        self._file.close()

    def _channels(self, topics: Collection[str]) -> set[int]:
        return {number for number, topic in self._topics.items() if topic in topics}

    def _blocks(self, channels: set[int]) -> Iterator[Block]:
        return (block for block in self._index.blocks
                if block.channels is None or block.channels & channels)

    def _read(self, block: Block, channels: set[int]) -> Iterator[Row]:
        """The messages of the channels in order of time; none, and a note, where damaged."""
        try:
            rows = self._unpack(block, channels)
        except DAMAGE:
            since = self.start
            self.notes[self.path.name, str(block.offset)] = (
                f'{self.path.name}: the {block.length} bytes at byte {block.offset} are damaged: '
                f'the messages in it, from {seconds(block.start - since)} to '
                f'{seconds(block.end - since)}, are lost')
            rows = []
        return iter(sorted(rows, key=lambda row: row.received))

    def _unpack(self, block: Block, channels: set[int]) -> list[Row]:
        self._file.seek(block.offset)
        data = self._file.read(block.length)
        opcode, _ = HEAD.unpack_from(data)
        if len(data) < block.length or opcode not in (Opcode.CHUNK, Opcode.MESSAGE):
            raise ValueError('not what the index says')
        if opcode == Opcode.CHUNK:
            data = unpacked(data[HEAD.size:])
        rows = []
        for opcode, begin, end in records(data):
            if opcode == Opcode.MESSAGE:
                channel, _, received, _ = MESSAGE.unpack_from(data, begin)
                if channel in channels:
                    rows.append(Row(self._topics[channel], received,
                                    data[begin + MESSAGE.size:end]))
        return rows


