"""An mcap file without a sound index: what whole records it holds, found by walking it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from mcap.opcode import Opcode
from tqdm import tqdm

from dcmd_ros.bags.mcap_index import (
    DAMAGE,
    HEAD,
    MAGIC,
    MESSAGE,
    TIMES,
    Block,
    Index,
    records,
    unpacked,
)
from dcmd_ros.bags.storage import Notes, seconds

KNOWN = {int(opcode) for opcode in Opcode}
PRIVATE = 0x80  # opcodes from here on are anybody's


class Walk:
    """
    One walk over the file's records.

    Whole chunks are unpacked, so that they are known to be sound, and the messages in them
    counted; the file is not changed and nothing is copied.
    """

    def __init__(self, file: BinaryIO, path: Path, notes: Notes) -> None:
        self.file, self.path, self.notes = file, path, notes
        self.index = Index()
        self.size = path.stat().st_size
        self.ended = False

    def run(self) -> Index:
        at = len(MAGIC)
        with tqdm(total=self.size, unit='B', unit_scale=True, delay=2, disable=None,
                  desc=f'recovering {self.path.name}', leave=False) as bar:
            while not self.ended:
                bar.update(at - bar.n)
                end = self._end_of_record(at)
                if end is None:
                    break
                self._take(at, end)
                at = end
        self._tell(at)
        return self.index

    def _end_of_record(self, at: int) -> int | None:
        """Where the record that begins here ends, None where there is no whole one."""
        self.file.seek(at)
        head = self.file.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        opcode, length = HEAD.unpack(head)
        end = at + HEAD.size + length
        return end if end <= self.size and (opcode in KNOWN or opcode >= PRIVATE) else None

    def _take(self, at: int, end: int) -> None:
        self.file.seek(at)
        opcode, length = HEAD.unpack(self.file.read(HEAD.size))
        self.ended = opcode in (Opcode.DATA_END, Opcode.FOOTER)
        try:
            if opcode == Opcode.CHUNK:
                self._take_chunk(at, self.file.read(length))
            elif opcode == Opcode.MESSAGE:
                channel, _, time, _ = MESSAGE.unpack(self.file.read(MESSAGE.size))
                self._count(channel, Block(time, time, at, end - at, frozenset({channel})))
            elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                self.index.declare(opcode, self.file.read(length))
        except DAMAGE:
            self.notes[self.path.name, str(at)] = (
                f'{self.path.name}: the record of {length} bytes at byte {at} is damaged: what '
                'it holds is lost')

    def _take_chunk(self, at: int, body: bytes) -> None:
        data = unpacked(body)
        found = list(records(data))
        for opcode, begin, end in found:
            self.index.declare(opcode, data[begin:end])
        channels = [MESSAGE.unpack_from(data, begin)[0]
                    for opcode, begin, _ in found if opcode == Opcode.MESSAGE]
        self.index.counts.update(channels)
        start, last = TIMES.unpack_from(body)
        self.index.blocks.append(
            Block(start, last, at, HEAD.size + len(body), frozenset(channels)))

    def _count(self, channel: int, block: Block) -> None:
        self.index.counts[channel] += 1
        self.index.blocks.append(block)

    def _tell(self, at: int) -> None:
        name, blocks = self.path.name, self.index.blocks
        text = (f'{name}: the index is missing or damaged; {sum(self.index.counts.values())} '
                f'messages in {len(blocks)} whole blocks were found without it')
        if not self.ended:
            span = max((b.end for b in blocks), default=0) - min(
                (b.start for b in blocks), default=0)
            text += (f'; the file breaks off at byte {at} of {self.size}: what was recorded '
                     f'later than {seconds(span)} after its first message is lost')
        self.notes[name, 'index'] = text
