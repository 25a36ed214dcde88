"""The records of an mcap file, and what is known of where its messages are."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Schema
from mcap.stream_reader import get_chunk_data_stream
from zstandard import ZstdError

MAGIC = b'\x89MCAP0\r\n'
HEAD = struct.Struct('<BQ')        # opcode, length of the body
MESSAGE = struct.Struct('<HIQQ')   # channel, sequence, log time, publish time
INDEXED = struct.Struct('<HI')     # channel, bytes of the entries; of a message index
ENTRY = struct.Struct('<QQ')       # log time, offset
TIMES = struct.Struct('<QQ')       # of a chunk: first and last log time
# Whatever the bytes of a damaged file may make of a parser or a decompressor.
DAMAGE = (McapError, ZstdError, ValueError, RuntimeError, struct.error, MemoryError,
          OverflowError, KeyError)


class Block(NamedTuple):
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

    def undeclared(self) -> bool:
        """Whether messages lack their channel, or a channel its schema."""
        schemas = {self.channels[number].schema_id for number in self.counts
                   if number in self.channels} - {0}
        return not (set(self.counts) <= set(self.channels) and schemas <= set(self.schemas))


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


def entries(length: int) -> int:
    """How many messages a message index of this length names."""
    return (length - INDEXED.size) // ENTRY.size


def unpacked(body: bytes) -> bytes:
    """The records within a chunk, checked against its crc if it has one; raises DAMAGE."""
    chunk = Chunk.read(ReadDataStream(BytesIO(body)))
    stream, length = get_chunk_data_stream(chunk, validate_crc=True)
    return stream.read(length)
