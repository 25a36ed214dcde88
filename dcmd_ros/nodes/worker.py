"""The inference thread: jobs in their order, between them the newest item."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from dcmd_ros.stream.mailbox import Mailbox

T = TypeVar('T')
In = TypeVar('In', contravariant=True)
R = TypeVar('R')


class Work(Protocol[In]):
    """What the thread does with items."""

    @property
    def room(self) -> bool:
        """Whether another one may begin."""
        ...

    def begin(self, item: In) -> None: ...

    def finish(self, wait: bool = False) -> bool:
        """
        Finish the item that was begun first, if that can be done now.

        :param wait: until it can
        :returns: false where there is nothing to finish
        """
        ...


class Worker(Generic[T]):
    """
    One thread that owns what the work and the jobs touch.

    stale  items begun although a newer one had been put before the thread looked: none, unless
           the mailbox is broken

    :param fail: called with what the work raised; the thread goes on
    """

    def __init__(self, work: Work[T], fail: Callable[[Exception], None]) -> None:
        self.mailbox: Mailbox[tuple[int, T]] = Mailbox()
        self.stale = 0
        self._newest = 0
        self._work = work
        self._fail = fail
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='inference', daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Leave the newest item for the thread; for one other thread."""
        self.mailbox.put((self._newest + 1, item))
        self._newest += 1

    def call(self, job: Callable[[], R], settled: bool = False) -> Future[R]:
        """
        Run `job` on the thread before the next item.

        :param settled: and after all items that were begun
        """
        future: Future[R] = Future()
        self._jobs.put(_Job(job, settled, future))
        self.wake()
        return future

    def wake(self) -> None:
        """There is something to do besides items; from any thread."""
        self.mailbox.wake()

    def close(self, timeout: float = 10.0) -> None:
        """End the thread after what it has begun."""
        self._stop.set()
        self.mailbox.close()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._run_jobs()
            self._finish()
            newest = self._newest
            taken = self.mailbox.take(wanted=self._work.room)
            if taken is not None:
                number, item = taken
                self.stale += number < newest
                self._run_jobs()
                self._guard(partial(self._work.begin, item))
        self._finish(wait=True)

    def _run_jobs(self) -> None:
        while not self._jobs.empty():
            job = self._jobs.get()
            if job.settled:
                self._finish(wait=True)
            try:
                job.future.set_result(job.run())
            except Exception as error:
                job.future.set_exception(error)

    def _finish(self, wait: bool = False) -> None:
        while self._guard(partial(self._work.finish, wait)):
            pass

    def _guard(self, act: Callable[[], R]) -> R | bool:
        """What it gives; true where it failed."""
        try:
            return act()
        except Exception as error:
            self._fail(error)
            return True


@dataclass(frozen=True)
class _Job:
    run: Callable[[], Any]
    settled: bool
    future: Future[Any]
