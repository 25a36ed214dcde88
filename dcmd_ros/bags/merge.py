"""Streams of messages merged by time, each opened only when its turn has come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from dcmd_ros.bags.storage import Row

Stream = tuple[int, Callable[[], Iterator[Row]]]  # least time in it, ns; begins reading it
Head = tuple[int, int, Row, Iterator[Row]]        # time, rank, the next row, the rows after it


def merged(streams: Iterable[Stream]) -> Iterator[Row]:
    """All rows in order of time; those of one time in the order of the streams' beginnings."""
    waiting = deque(sorted(streams, key=lambda stream: stream[0]))
    heads: list[Head] = []
    opened = 0
    while waiting or heads:
        if waiting and (not heads or waiting[0][0] < heads[0][0]):
            _push(heads, opened, waiting.popleft()[1]())
            opened += 1
            continue
        _, rank, row, rest = heappop(heads)
        yield row
        _push(heads, rank, rest)


def _push(heads: list[Head], rank: int, rows: Iterator[Row]) -> None:
    row = next(rows, None)
    if row is not None:
        heappush(heads, (row.received, rank, row, rows))
