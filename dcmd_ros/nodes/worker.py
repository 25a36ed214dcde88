"""The inference thread: jobs in their order, between them the newest item."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from dcmd_ros.stream.mailbox import Mailbox

T = TypeVar('T')
R = TypeVar('R')
PATIENCE = 0.02  # s between two looks at the jobs while no item comes


class Worker(Generic[T]):
    """
    One thread that owns what `handle` and the jobs touch.

    stale  items begun although a newer one had been put before the thread looked: none, unless
           the mailbox is broken

    :param handle: called with each item taken from the mailbox
    :param fail: called with what `handle` raised; the thread goes on
    """

    def __init__(
            self, handle: Callable[[T], None], fail: Callable[[Exception], None]) -> None:
        self.mailbox: Mailbox[tuple[int, T]] = Mailbox()
        self.stale = 0
        self._newest = 0
        self._handle = handle
        self._fail = fail
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='inference', daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Leave the newest item for the thread; for one other thread."""
        self.mailbox.put((self._newest + 1, item))
        self._newest += 1

    def call(self, job: Callable[[], R]) -> Future[R]:
        """Run `job` on the thread before the next item."""
        future: Future[R] = Future()
        self._jobs.put((job, future))
        return future

    def close(self, timeout: float = 10.0) -> None:
        """End the thread after what it is doing."""
        self._stop.set()
        self.mailbox.close()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._run_jobs()
            newest = self._newest
            taken = self.mailbox.take(PATIENCE)
            if taken is not None:
                number, item = taken
                self.stale += number < newest
                self._judge(item)

    def _run_jobs(self) -> None:
        while not self._jobs.empty():
            job, future = self._jobs.get()
            try:
                future.set_result(job())
            except Exception as error:
                future.set_exception(error)

    def _judge(self, item: T) -> None:
        try:
            self._handle(item)
        except Exception as error:
            self._fail(error)
