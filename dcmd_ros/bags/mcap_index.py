"""The index at the end of an mcap file."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from io import BytesIO
from typing import BinaryIO

from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import ChunkIndex, Statistics

from dcmd_ros.bags.mcap_records import (
    DAMAGE,
    HEAD,
    MAGIC,
    TIMES,
    Block,
    Index,
    entries,
    records,
)

FOOTER = struct.Struct('<BQQQI8s')  # opcode, length, start of index, of offsets, crc, magic


def read_index(file: BinaryIO, size: int) -> Index | None:
    """The file's own index, None where it is absent, incomplete or damaged."""
    try:
        data, proven = _data(file, size)
        index = _parse(file, data)
    except DAMAGE:
        return None
    sound = proven or not index.blocks or any(_agrees(file, block) for block in index.blocks)
    return index if sound else None


def _data(file: BinaryIO, size: int) -> tuple[bytes, bool]:
    """The bytes of the index, and whether a checksum proved them; raises DAMAGE."""
    file.seek(max(size - FOOTER.size, 0))
    footer = file.read(FOOTER.size)
    opcode, _, start, _, crc, magic = FOOTER.unpack(footer)
    if opcode != Opcode.FOOTER or magic != MAGIC or not 0 < start <= size - FOOTER.size:
        raise ValueError('no footer, or one without an index')
    file.seek(start)
    data = file.read(size - FOOTER.size - start)
    covered = footer[:-len(MAGIC) - 4]
    if crc and zlib.crc32(covered, zlib.crc32(data)) != crc:
        raise ValueError('a damaged index')
    return data, bool(crc)


def _parse(file: BinaryIO, data: bytes) -> Index:
    """:raises ValueError: an index that leaves out what is needed"""
    index, chunks, statistics = Index(), [], None
    for opcode, begin, end in records(data):
        stream = ReadDataStream(BytesIO(data[begin:end]))
        if opcode == Opcode.CHUNK_INDEX:
            chunks.append(ChunkIndex.read(stream))
        elif opcode == Opcode.STATISTICS:
            statistics = Statistics.read(stream)
        else:
            index.declare(opcode, data[begin:end])
    if statistics is None:
        index.counts = _counted(file, chunks)
    elif statistics.chunk_count != len(chunks) or (statistics.message_count and not chunks):
        raise ValueError('messages without an index')
    else:
        index.counts.update(statistics.channel_message_counts)
    if index.undeclared():
        raise ValueError('channels or schemas are not repeated in the index')
    index.blocks = [_block(chunk) for chunk in chunks]
    return index


def _counted(file: BinaryIO, chunks: list[ChunkIndex]) -> Counter[int]:
    """The messages by channel, as the message indexes behind the chunks have them."""
    counts: Counter[int] = Counter()
    for chunk in chunks:
        for channel, offset in chunk.message_index_offsets.items():
            file.seek(offset)
            opcode, length = HEAD.unpack(file.read(HEAD.size))
            if opcode != Opcode.MESSAGE_INDEX:
                raise ValueError('no message index')
            counts[channel] += entries(length)
    if not counts:
        raise ValueError('nothing tells how many messages there are')
    return counts


def _block(chunk: ChunkIndex) -> Block:
    channels = frozenset(chunk.message_index_offsets) or None
    return Block(chunk.message_start_time, chunk.message_end_time, chunk.chunk_start_offset,
                 chunk.chunk_length, channels)


def _agrees(file: BinaryIO, block: Block) -> bool:
    """Whether a chunk is where the index says so."""
    file.seek(block.offset)
    head = file.read(HEAD.size + TIMES.size)
    return head == (HEAD.pack(Opcode.CHUNK, block.length - HEAD.size)
                    + TIMES.pack(block.start, block.end))
