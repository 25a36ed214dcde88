"""One mcap file, read by its own index or, where that is damaged, by a rebuilt one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from mcap.opcode import Opcode

from dcmd_ros.bags.mcap_index import read_index
from dcmd_ros.bags.mcap_records import DAMAGE, HEAD, MESSAGE, Block, records, unpacked
from dcmd_ros.bags.merge import merged
from dcmd_ros.bags.recovery import rebuild
from dcmd_ros.bags.storage import CDR, Notes, Row, Source, seconds, source


class McapFile:
    """A `Storage`. A chunk that cannot be read is passed over and noted."""

    distro: str | None = None

    def __init__(self, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self._size = path.stat().st_size
        self._file = path.open('rb')
        try:
            self._index = (read_index(self._file, self._size)
                           or rebuild(self._file, path, notes))
        except BaseException:
            self._file.close()
            raise
        self._topics = {number: channel.topic for number, channel in self._index.channels.items()
                        if channel.message_encoding == CDR}
        self.start = min((block.start for block in self._index.blocks), default=0)
        self._note_encodings()

    def _note_encodings(self) -> None:
        for channel in self._index.channels.values():
            if channel.message_encoding != CDR:
                self.notes[self.path.name, channel.topic] = (
                    f'{self.path.name}: {channel.topic} is encoded as '
                    f'{channel.message_encoding!r}, only cdr is read: left out')

    @property
    def sources(self) -> list[Source]:
        return [self._source(number, topic) for number, topic in self._topics.items()]

    def _source(self, number: int, topic: str) -> Source:
        schema = self._index.schemas.get(self._index.channels[number].schema_id)
        if schema is None:
            return source(topic, '', '', '')
        return source(topic, schema.name, schema.encoding, schema.data.decode(errors='replace'))

    @property
    def counts(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for number, channel in self._index.channels.items():
            found[channel.topic] += self._index.counts[number]
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
                if block.channels is None or not block.channels.isdisjoint(channels))

    def _read(self, block: Block, channels: set[int]) -> Iterator[Row]:
        """The messages of the channels in order of time; none, and a note, where damaged."""
        if block.offset + block.length > self._size:
            return self._lost(block, 'are not there')
        try:
            self._file.seek(block.offset)
            record = self._file.read(block.length)
        except OSError as error:
            return self._lost(block, f'cannot be read ({error.strerror})')
        try:
            rows = list(self._unpack(record, block, channels))
        except DAMAGE:
            return self._lost(block, 'are damaged')
        return iter(sorted(rows, key=lambda row: row.received))

    def _lost(self, block: Block, why: str) -> Iterator[Row]:
        self.notes[self.path.name, str(block.offset)] = (
            f'{self.path.name}: the {block.length} bytes from byte {block.offset} on {why}: the '
            f'messages in them, from {seconds(block.start - self.start)} to '
            f'{seconds(block.end - self.start)}, are lost')
        return iter(())

    def _unpack(self, record: bytes, block: Block, channels: set[int]) -> Iterator[Row]:
        opcode, _ = HEAD.unpack_from(record)
        if len(record) < block.length or opcode not in (Opcode.CHUNK, Opcode.MESSAGE):
            raise ValueError('not what the index says')
        data = unpacked(record[HEAD.size:]) if opcode == Opcode.CHUNK else record
        for kind, begin, end in records(data):
            if kind == Opcode.MESSAGE:
                channel, _, received, _ = MESSAGE.unpack_from(data, begin)
                if channel in channels:
                    yield Row(self._topics[channel], received, data[begin + MESSAGE.size:end])
