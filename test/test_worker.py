"""The inference thread."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dcmd_ros.nodes.worker import Worker

LIMIT = 60.0


class Simple:
    """Handles each item at once."""

    room = True

    def __init__(self, handle: Callable[[int], None]) -> None:
        self.begin = handle

    def finish(self, wait: bool = False) -> bool:
        return False


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
    thread: Worker[int] = Worker(Simple(handle), lambda error: None)
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
        slot, thread.mailbox = thread.mailbox, Queue()
        slot.wake()
        overrun(thread, held)
        assert held.items == [1, 2, 3, -4]
        assert thread.stale == 2


class Queue:
    """What a mailbox must not be."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()

    def put(self, item: Any) -> None:
        self._items.append(item)

    def take(self, wanted: bool) -> Any:
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
    thread: Worker[int] = Worker(Simple(handle), errors.put)
    try:
        thread.put(1)
        assert str(errors.get(timeout=LIMIT)) == 'first'
        thread.put(2)
        assert seen.wait(LIMIT)
    finally:
        thread.close()


class Slow:
    """Two items at once, which end when they are told to; finished in their order."""

    def __init__(self) -> None:
        self.begun: deque[int] = deque()
        self.ended: set[int] = set()
        self.finished: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.began: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.changed = threading.Condition()

    @property
    def room(self) -> bool:
        return len(self.begun) < 2

    def begin(self, item: int) -> None:
        self.begun.append(item)
        self.began.put(item)

    def end(self, item: int) -> None:
        with self.changed:
            self.ended.add(item)
            self.changed.notify_all()

    def finish(self, wait: bool = False) -> bool:
        if not self.begun:
            return False
        with self.changed:
            if wait:
                self.changed.wait_for(lambda: self.begun[0] in self.ended, LIMIT)
            if self.begun[0] not in self.ended:
                return False
        item = self.begun.popleft()
        self.finished.put(item)
        if item == 13:
            raise ValueError('thirteen')
        return True


@contextmanager
def slow() -> Iterator[tuple[Worker[int], Slow, Callable[[int], None]]]:
    """The last one ends an item and says so, as an inspection does."""
    work = Slow()
    thread: Worker[int] = Worker(work, lambda error: None)

    def end(item: int) -> None:
        work.end(item)
        thread.wake()
    try:
        yield thread, work, end
    finally:
        for item in list(work.begun):
            work.end(item)
        thread.close()


def begin(thread: Worker[int], work: Slow, *items: int) -> None:
    for item in items:
        thread.put(item)
        assert work.began.get(timeout=LIMIT) == item


def test_two_are_at_work_and_the_newest_waits_for_room() -> None:
    with slow() as (thread, work, end):
        begin(thread, work, 1, 2)
        for item in (3, 4):
            thread.put(item)
        assert work.finished.empty() and thread.mailbox.overwritten == 1
        end(1)
        assert work.finished.get(timeout=LIMIT) == 1
        assert work.began.get(timeout=LIMIT) == 4
        assert thread.stale == 0


def test_what_ends_first_waits_for_what_began_first() -> None:
    with slow() as (thread, work, end):
        begin(thread, work, 1, 2)
        end(2)
        assert thread.call(work.finished.empty).result(LIMIT)
        end(1)
        assert [work.finished.get(timeout=LIMIT) for _ in range(2)] == [1, 2]


def test_a_job_may_wait_for_all_that_was_begun_and_others_do_not() -> None:
    with slow() as (thread, work, end):
        begin(thread, work, 1)
        assert thread.call(lambda: list(work.begun)).result(LIMIT) == [1]
        settled = thread.call(lambda: list(work.begun), settled=True)
        assert not settled.done()
        end(1)
        assert settled.result(LIMIT) == []


def test_what_fails_when_it_is_finished_keeps_nothing_from_being_finished() -> None:
    with slow() as (thread, work, end):
        begin(thread, work, 13, 2)
        work.end(2)
        end(13)
        assert [work.finished.get(timeout=LIMIT) for _ in range(2)] == [13, 2]


def test_what_was_begun_is_finished_before_the_end() -> None:
    with slow() as (thread, work, _):
        begin(thread, work, 1)
        closing = threading.Thread(target=thread.close, args=(LIMIT,))
        closing.start()
        assert thread._stop.wait(LIMIT) and work.finished.empty()
        work.end(1)
        closing.join(LIMIT)
        assert work.finished.get(timeout=LIMIT) == 1
