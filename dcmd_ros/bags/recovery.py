"""An mcap file without a sound index: the whole records in it, found by walking through it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import BinaryIO

from mcap.opcode import Opcode
from tqdm import tqdm

from dcmd_ros.bags.mcap_records import (
    DAMAGE,
    HEAD,
    INDEXED,
    MAGIC,
    MESSAGE,
    TIMES,
    Block,
    Index,
    entries,
    records,
    unpacked,
)
from dcmd_ros.bags.storage import Notes, seconds

KNOWN = {int(opcode) for opcode in Opcode}
PRIVATE = 0x80  # opcodes from here on are anybody's


def rebuild(file: BinaryIO, path: Path, notes: Notes) -> Index:
    """
    The index of what is whole in the file; what is not goes into the notes.

    The file is not changed and nothing is copied.
    """
    return Walk(file, path, notes).run()


class Walk:
    """
    One walk over the file's records.

    Chunks are unpacked, so that those in the index are known to be sound, and the messages in
    them counted.
    """

    def __init__(self, file: BinaryIO, path: Path, notes: Notes) -> None:
        self.file, self.path, self.notes = file, path, notes
        self.index = Index()
        self.size = path.stat().st_size
        self.at = len(MAGIC)
        self.ended = self.damaged = False
        self.told: Counter[int] = Counter()  # messages by channel, as message indexes have them

    def run(self) -> Index:
        with tqdm(total=self.size, unit='B', unit_scale=True, delay=2, disable=None,
                  desc=f'recovering {self.path.name}', leave=False) as bar:
            while not self.ended and (head := self._head()) is not None:
                self._take(*head)
                self.at += HEAD.size + head[1]
                bar.update(self.at - bar.n)
        self.notes[self.path.name, 'index'] = self._summary()
        self._note_undeclared()
        return self.index

    def _head(self) -> tuple[int, int] | None:
        """Opcode and length of the record here, None where there is no whole one."""
        self.file.seek(self.at)
        head = self.file.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        opcode, length = HEAD.unpack(head)
        whole = self.at + HEAD.size + length <= self.size
        return (opcode, length) if whole and opcode else None

    def _take(self, opcode: int, length: int) -> None:
        self.ended = opcode in (Opcode.DATA_END, Opcode.FOOTER)
        try:
            if opcode == Opcode.CHUNK:
                self._take_chunk(self.file.read(length))
            elif opcode == Opcode.MESSAGE:
                channel, _, time, _ = MESSAGE.unpack(self.file.read(MESSAGE.size))
                self._add([channel], time, time, length)
            elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
                self.index.declare(opcode, self.file.read(length))
            elif opcode == Opcode.MESSAGE_INDEX:
                self.told[INDEXED.unpack(self.file.read(INDEXED.size))[0]] += entries(length)
            elif opcode not in KNOWN and opcode < PRIVATE:
                raise ValueError('a record of no known kind')
        except DAMAGE:
            self.damaged = True
            self.notes[self.path.name, str(self.at)] = (
                f'{self.path.name}: the {HEAD.size + length} bytes from byte {self.at} on are '
                'damaged: any messages in them are lost')

    def _take_chunk(self, body: bytes) -> None:
        data = unpacked(body)
        found = list(records(data))
        for opcode, begin, end in found:
            if opcode != Opcode.MESSAGE:
                self.index.declare(opcode, data[begin:end])
        channels = [MESSAGE.unpack_from(data, begin)[0]
                    for opcode, begin, _ in found if opcode == Opcode.MESSAGE]
        start, end = TIMES.unpack_from(body)
        self._add(channels, start, end, len(body))

    def _add(self, channels: list[int], start: int, end: int, length: int) -> None:
        if channels:
            self.index.counts.update(channels)
            self.index.blocks.append(
                Block(start, end, self.at, HEAD.size + length, frozenset(channels)))

    def _summary(self) -> str:
        count, blocks = self.index.counts.total(), self.index.blocks
        text = f'{self.path.name}: the index is missing or damaged: {count} messages were found '
        if self.ended:
            lost = (self.told - self.index.counts).total()
            return text + 'without it' + (
                f', {lost} are lost' if lost else '' if self.damaged else ', none is lost')
        text += f'before the file breaks off or is damaged at byte {self.at} of {self.size}'
        if not blocks:
            return text
        span = max(block.end for block in blocks) - min(block.start for block in blocks)
        return f'{text}: anything recorded later than {seconds(span)} after the first is lost'

    def _note_undeclared(self) -> None:
        lost = sum(count for channel, count in self.index.counts.items()
                   if channel not in self.index.channels)
        if lost:
            self.notes[self.path.name, 'undeclared'] = (
                f'{self.path.name}: {lost} messages are lost, because what tells their topics '
                'and types is damaged')
