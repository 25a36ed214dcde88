"""Writing an mcap file that loses no more than its last second to a kill or a full disk."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from mcap.writer import CompressionType, Writer

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.storage import CDR, seconds
from dcmd_ros.bags.types import definition as known_definition
from dcmd_ros.bags.types import full_name

CHUNK = 1 << 20      # bytes of messages
CHUNK_TIME = 1.0     # s of writing, should it be less
LIBRARY = 'dcmd_ros'


class BagWriter:
    """
    One .mcap file as `ros2 bag record` writes it; a context manager.

    Messages go into chunks of about 1 MB or 1 s. A finished chunk is handed to the operating
    system at once; index and statistics follow at the end. Without them, after a kill, the
    whole chunks can still be read.

    :param quick: lz4 instead of zstd: several times quicker, a third larger
    :raises BagError: the file is there already and may not be overwritten, or cannot be made
    """

    def __init__(self, path: str | Path, overwrite: bool = False, quick: bool = False) -> None:
        self.path = Path(path)
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._pending = self._count = self._safe = self._length = 0
        self._times = (1 << 64, 0)       # of all messages: the first, the last
        self._safe_times = self._times  # of those in whole chunks
        self._begun = time.monotonic()
        if self.path.exists() and not overwrite:
            raise BagError(f'{self.path}: is there already: give another name, or --overwrite')
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open('wb')
            self._writer = Writer(self._file, chunk_size=1 << 62, compression=(
                CompressionType.LZ4 if quick else CompressionType.ZSTD))
            self._writer.start(profile='ros2', library=LIBRARY)
        except OSError as error:
            raise BagError(f'{self.path}: cannot be written ({error.strerror})') from error

    def write(self, topic: str, msgtype: str, data: bytes, received: int,
              definition: str | None = None) -> None:
        """
        Add a message.

        :param data: CDR
        :param received: log time, ns
        :param definition: ros2msg text with the types it needs; of a type of jazzy where None
        :raises BagError: the disk is full, or the type has no definition
        """
        channel = self._channel(topic, full_name(msgtype), definition)
        self._writer.add_message(channel, received, data, received)
        self._times = (min(self._times[0], received), max(self._times[1], received))
        if not self._pending:
            self._begun = time.monotonic()
        self._pending += len(data)
        self._count += 1
        if self._pending >= CHUNK or time.monotonic() - self._begun >= CHUNK_TIME:
            self.flush()

    def flush(self) -> None:
        """Finish the chunk and hand it to the operating system; BagError on a full disk."""
        try:
            self._writer.flush()
        except OSError as error:
            raise self._give_up(error) from error
        self._pending, self._safe, self._safe_times = 0, self._count, self._times
        self._length = self._file.tell()

    def close(self) -> None:
        """
        Write what is left and the index; once more does nothing.

        :raises BagError: the disk is full
        """
        if self._file.closed:
            return
        self.flush()
        try:
            self._writer.finish()
            self._file.flush()
            self._file.close()
        except OSError as error:
            raise self._give_up(error) from error

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _channel(self, topic: str, msgtype: str, definition: str | None) -> int:
        if topic not in self._channels:
            if msgtype not in self._schemas:
                text = known_definition(msgtype) if definition is None else definition
                self._schemas[msgtype] = self._writer.register_schema(
                    msgtype, 'ros2msg', text.encode())
            self._channels[topic] = self._writer.register_channel(
                topic, CDR, self._schemas[msgtype], {'offered_qos_profiles': ''})
        return self._channels[topic]

    def _give_up(self, error: OSError) -> BagError:
        """Cut the file after its last whole chunk and close it; tell what is in it."""
        with suppress(OSError):
            self._file.raw.truncate(self._length)
        with suppress(OSError):
            self._file.raw.close()
        held = 'nothing was saved'
        if self._safe:
            first, last = self._safe_times
            held = (f'{self._safe} messages, the first {seconds(last - first)}, are safe in it '
                    'and can be read')
        lost = self._count - self._safe
        return BagError(f'{self.path}: cannot be written on ({error.strerror}): {held}'
                        + (f'; {lost} messages are lost' if lost else ''))
