"""Streams of messages merged by time."""

from __future__ import annotations

from collections.abc import Iterator

from dcmd_ros.bags.merge import merged
from dcmd_ros.bags.storage import Row


def rows(name: str, *times: int) -> Iterator[Row]:
    return (Row(name, time, b'') for time in times)


def order(*streams: tuple[str, int, tuple[int, ...]]) -> list[tuple[str, int]]:
    return [(row.topic, row.received) for row in merged(
        (start, lambda name=name, times=times: rows(name, *times))
        for name, start, times in streams)]


def test_by_time() -> None:
    assert order(('b', 2, (2, 5, 6)), ('a', 1, (1, 3, 9)), ('c', 4, (4,))) == [
        ('a', 1), ('b', 2), ('a', 3), ('c', 4), ('b', 5), ('b', 6), ('a', 9)]


def test_equal_times_in_the_order_of_the_streams() -> None:
    assert order(('a', 1, (1, 1, 2)), ('b', 1, (1, 2))) == [
        ('a', 1), ('a', 1), ('b', 1), ('a', 2), ('b', 2)]


def test_empty_streams() -> None:
    assert order() == []
    assert order(('a', 1, ()), ('b', 2, (3,)), ('c', 9, ())) == [('b', 3)]


def test_a_stream_is_opened_when_it_is_due() -> None:
    opened: list[int] = []

    def stream(start: int) -> Iterator[Row]:
        opened.append(start)
        return rows('a', start, start + 5)
    seen = [(row.received, len(opened)) for row in merged(
        (start, lambda start=start: stream(start)) for start in (20, 0, 10))]
    assert seen == [(0, 1), (5, 1), (10, 2), (15, 2), (20, 3), (25, 3)]
