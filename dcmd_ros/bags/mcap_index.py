"""Where the messages of an mcap file are: its records, and the index at its end."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, ChunkIndex, Schema, Statistics
from mcap.stream_reader import get_chunk_data_stream
from zstandard import ZstdError

MAGIC = b'\x89MCAP0\r\n'
HEAD = struct.Struct('<BQ')        # opcode, length of the body
MESSAGE = struct.Struct('<HIQQ')   # channel, sequence, log time, publish time
TIMES = struct.Struct('<QQ')       # of a chunk: first and last log time
FOOTER = struct.Struct('<BQQQI8s')  # opcode, length, start of summary, of offsets, crc, magic
# Whatever the bytes of a damaged file may make of a parser or a decompressor.
DAMAGE = (McapError, ZstdError, ValueError, RuntimeError, struct.error, MemoryError,
          OverflowError, KeyError)


@dataclass(frozen=True)
class Block:
    """
    A record that holds messages: a chunk, or a message outside of any.

    :param start: the least log time in it, ns; `end` the greatest
    :param channels: those that may be in it, None where any may
    """

    start: int
    end: int
    offset: int
    length: int
    channels: frozenset[int] | None = None


@dataclass
class Index:
    """The declared schemas and channels by number, the blocks, the messages by channel."""

    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    counts: Counter[int] = field(default_factory=Counter)

    def declare(self, opcode: int, body: bytes) -> None:
        """Take in a schema or a channel; other records are passed over."""
        stream = ReadDataStream(BytesIO(body))
        if opcode == Opcode.SCHEMA:
            schema = Schema.read(stream)
            self.schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            channel = Channel.read(stream)
            self.channels[channel.id] = channel


def records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """
    The records in these bytes: opcode, where the body begins, where it ends.

    :raises ValueError: a record that is cut off
    """
    at = 0
    while at < len(data):
        opcode, length = HEAD.unpack_from(data, at)
        begin, at = at + HEAD.size, at + HEAD.size + length
        if at > len(data):
            raise ValueError('a record is cut off')
        yield opcode, begin, at


def unpacked(body: bytes) -> bytes:
    """The records within a chunk, checked against its size and crc; raises DAMAGE."""
    chunk = Chunk.read(ReadDataStream(BytesIO(body)))
    stream, length = get_chunk_data_stream(chunk, validate_crc=True)
    if length != chunk.uncompressed_size:
        raise ValueError('a chunk of another size than it says')
    return stream.read(length)


def read_index(file: BinaryIO, size: int) -> Index | None:
    """The index at the end of the file, None where it is absent, incomplete or damaged."""
    try:
        summary = _summary(file, size)
        return _index(file, summary) if summary else None
    except DAMAGE:
        return None


def _summary(file: BinaryIO, size: int) -> bytes | None:
    if size < FOOTER.size:
        return None
    file.seek(size - FOOTER.size)
    footer = file.read(FOOTER.size)
    opcode, _, start, _, crc, magic = FOOTER.unpack(footer)
    if opcode != Opcode.FOOTER or magic != MAGIC or not 0 < start <= size - FOOTER.size:
        return None
    file.seek(start)
    summary = file.read(size - FOOTER.size - start)
    checked = footer[:-len(MAGIC) - 4]
    if crc and zlib.crc32(checked, zlib.crc32(summary)) != crc:
        return None
    return summary


def _index(file: BinaryIO, summary: bytes) -> Index | None:
    index, chunks, statistics = Index(), [], None
    for opcode, begin, end in records(summary):
        stream = ReadDataStream(BytesIO(summary[begin:end]))
        if opcode == Opcode.CHUNK_INDEX:
            chunks.append(ChunkIndex.read(stream))
        elif opcode == Opcode.STATISTICS:
            statistics = Statistics.read(stream)
        else:
            index.declare(opcode, summary[begin:end])
    if statistics is None or statistics.chunk_count != len(chunks):
        return None
    if statistics.message_count and not chunks:
        return None
    index.counts.update(statistics.channel_message_counts)
    if not set(index.counts) <= set(index.channels):
        return None
    index.blocks = [_block(chunk) for chunk in chunks]
    return index if all(_agrees(file, block) for block in index.blocks) else None


def _block(chunk: ChunkIndex) -> Block:
    channels = frozenset(chunk.message_index_offsets) or None
    return Block(chunk.message_start_time, chunk.message_end_time, chunk.chunk_start_offset,
                 chunk.chunk_length, channels)


def _agrees(file: BinaryIO, block: Block) -> bool:
    """Whether there is a chunk where the index says so."""
    file.seek(block.offset)
    head = file.read(HEAD.size + TIMES.size)
    return (HEAD.unpack_from(head) == (Opcode.CHUNK, block.length - HEAD.size)
            and TIMES.unpack_from(head, HEAD.size) == (block.start, block.end))
