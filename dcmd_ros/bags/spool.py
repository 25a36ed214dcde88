"""Writes a bag in a thread of its own: who records never waits for the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.writer import BagWriter

LIMIT = 256 << 20  # bytes
IDLE = 1.0         # s without a message until what is written so far goes to the file


class Entry(NamedTuple):
    """The arguments of BagWriter.write."""

    topic: str
    type: str
    data: bytes
    received: int


class Spool:
    """
    A queue before a BagWriter.

    waiting  bytes in the queue
    failure  why the file can no longer be written; what comes from then on is refused

    :param open_writer: called in the thread when the first message has come: no file without one
    :param limit: bytes that may wait; what comes beyond is refused
    """

    def __init__(self, open_writer: Callable[[], BagWriter], limit: int = LIMIT) -> None:
        self.waiting = 0
        self.failure: BagError | None = None
        self._open = open_writer
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name='bag writer', daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> bool:
        """Whether there was room for the message; never blocks."""
        size = len(entry.data)
        with self._lock:
            if self.failure is not None or self.waiting + size > self._limit:
                return False
            self.waiting += size
        self._entries.put(entry)
        return True

    def close(self) -> None:
        """Write what waits, and the file's end; `failure` tells whether that went well."""
        self._entries.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            entry = self._entries.get()
            if entry is not None:
                with self._open() as writer:
                    self._write_all(writer, entry)
        except BagError as error:
            self._fail(str(error))
        except Exception as error:  # else the rest of the recording would be lost unsaid
            self._fail(f'the bag cannot be written: {type(error).__name__}: {error}')

    def _write_all(self, writer: BagWriter, entry: Entry | None) -> None:
        while entry is not None:
            writer.write(*entry)
            with self._lock:
                self.waiting -= len(entry.data)
            entry = self._next(writer)

    def _next(self, writer: BagWriter) -> Entry | None:
        try:
            return self._entries.get(timeout=IDLE)
        except queue.Empty:
            writer.flush()
            return self._entries.get()

    def _fail(self, reason: str) -> None:
        with self._lock:
            unwritten = self._entries.qsize()
            self.failure = BagError(
                f'{reason}; {unwritten} more that waited are lost too' if unwritten else reason)
