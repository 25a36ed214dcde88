"""The queue before a bag: never waits, and says what it refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.spool import Entry, Spool
from dcmd_ros.bags.types import serialize, typestore
from dcmd_ros.bags.writer import BagWriter

STRING = 'std_msgs/msg/String'
LIMIT = 30.0  # s


def entry(text: str, received: int = 0) -> Entry:
    message = typestore().types[STRING](data=text)
    return Entry('/label', STRING, serialize(message, STRING), received)


class SlowWriter(BagWriter):
    """Writes only when it may."""

    allowed = threading.Event()

    def write(self, *args: Any) -> None:
        assert self.allowed.wait(LIMIT)
        super().write(*args)


class SpyWriter(BagWriter):
    flushed = threading.Event()

    def flush(self) -> None:
        super().flush()
        self.flushed.set()


def texts(path: Path) -> list[str]:
    with Bag(path) as bag:
        return [record.message.data for record in bag.records(['/label'])]


def test_a_slow_disk_refuses_what_has_no_room_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / 'a.mcap'
    SlowWriter.allowed.clear()
    room = 3 * len(entry('0').data)
    spool = Spool(lambda: SlowWriter(path), room)
    taken = [spool.put(entry(str(number), number)) for number in range(5)]
    assert taken == [True, True, True, False, False]
    SlowWriter.allowed.set()
    spool.close()
    assert spool.failure is None and spool.waiting == 0
    assert texts(path) == ['0', '1', '2']


def test_without_a_message_there_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / 'a.mcap'
    spool = Spool(lambda: BagWriter(path))
    spool.close()
    assert spool.failure is None and not path.exists()


def test_what_is_written_reaches_the_file_when_nothing_follows(tmp_path: Path) -> None:
    path = tmp_path / 'a.mcap'
    SpyWriter.flushed.clear()
    spool = Spool(lambda: SpyWriter(path))
    spool.put(entry('alone'))
    assert SpyWriter.flushed.wait(LIMIT)
    assert texts(path) == ['alone']
    spool.close()


def test_a_file_that_cannot_be_made_is_told_with_what_waited(tmp_path: Path) -> None:
    begun = threading.Event()

    def fail() -> BagWriter:
        assert begun.wait(LIMIT)
        raise BagError('a.mcap: cannot be written')
    spool = Spool(fail)
    for number in range(3):
        assert spool.put(entry(str(number)))
    begun.set()
    spool.close()
    assert 'a.mcap: cannot be written' in str(spool.failure)
    assert 'more that waited are lost too' in str(spool.failure)
    assert not spool.put(entry('late'))


def test_any_other_error_is_told_too(tmp_path: Path) -> None:
    def fail() -> BagWriter:
        raise ZeroDivisionError('odd')
    spool = Spool(fail)
    spool.put(entry('a'))
    spool.close()
    with pytest.raises(BagError, match='ZeroDivisionError: odd'):
        raise spool.failure or AssertionError
