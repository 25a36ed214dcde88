"""Reading ahead changes when items are made, and nothing else."""

import threading
from collections.abc import Iterator

import pytest

from dcmd_ros.nodes.player import read_ahead


def test_items_come_in_order() -> None:
    assert list(read_ahead(range(50), ahead=3)) == list(range(50))
    assert list(read_ahead([])) == []


def test_items_are_made_early_but_not_all_of_them() -> None:
    made: list[int] = []
    enough = threading.Event()

    def items() -> Iterator[int]:
        for n in range(100):
            made.append(n)
            if n == 4:
                enough.set()
            yield n

    reader = read_ahead(items(), ahead=4)
    assert next(reader) == 0
    assert enough.wait(60)
    reader.close()
    assert len(made) == 5


def test_an_error_comes_where_its_item_would_have() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError('no second')

    reader = read_ahead(items())
    assert next(reader) == 1
    with pytest.raises(ValueError, match='no second'):
        next(reader)
