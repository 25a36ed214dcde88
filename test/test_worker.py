"""The inference thread."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dcmd_ros.nodes.worker import Worker

LIMIT = 60.0


class Held:
    """Handles items; the first one only when `free` is set."""

    def __init__(self) -> None:
        self.began, self.free, self.done = (threading.Event() for _ in range(3))
        self.items: list[int] = []

    def __call__(self, item: int) -> None:
        self.items.append(item)
        if not self.began.is_set():
            self.began.set()
            self.free.wait(LIMIT)
        elif item < 0:
            self.done.set()


@contextmanager
def worker(handle: Callable[[int], None]) -> Iterator[Worker[int]]:
    thread: Worker[int] = Worker(handle, lambda error: None)
    try:
        yield thread
    finally:
        thread.close()


def overrun(thread: Worker[int], held: Held) -> None:
    """Four items while the first one is handled, the last of them the end."""
    thread.put(1)
    assert held.began.wait(LIMIT)
    for item in (2, 3, -4):
        thread.put(item)
    held.free.set()
    assert held.done.wait(LIMIT)


def test_the_newest_item_is_handled_next_and_none_is_stale() -> None:
    held = Held()
    with worker(held) as thread:
        overrun(thread, held)
        assert held.items == [1, -4]
        assert (thread.stale, thread.mailbox.overwritten) == (0, 2)


def test_items_in_their_order_would_count_as_stale() -> None:
    held = Held()
    with worker(held) as thread:
        thread.mailbox = Queue()
        overrun(thread, held)
        assert held.items == [1, 2, 3, -4]
        assert thread.stale == 2


class Queue:
    """What a mailbox must not be."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()

    def put(self, item: Any) -> None:
        self._items.append(item)

    def take(self, timeout: float) -> Any:
        return self._items.popleft() if self._items else None

    def close(self) -> None:
        pass


def test_an_item_that_fails_does_not_end_the_thread() -> None:
    errors: queue.SimpleQueue[Exception] = queue.SimpleQueue()
    seen = threading.Event()

    def handle(item: int) -> None:
        if item == 1:
            raise ValueError('first')
        seen.set()
    thread: Worker[int] = Worker(handle, errors.put)
    try:
        thread.put(1)
        assert str(errors.get(timeout=LIMIT)) == 'first'
        thread.put(2)
        assert seen.wait(LIMIT)
    finally:
        thread.close()
