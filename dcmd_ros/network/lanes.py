"""Lanes: independent pieces of the network side by side, each on one core."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch

T = TypeVar('T')
AT_ONCE = 2  # lanes, and frames


class Lanes:
    """
    Runs jobs at the same time, one core for each lane; one of them is the caller's own thread.

    On few cores this is quicker than all cores on one job after the other: the layers are small,
    so that threads that share one wait for each other at every layer, and for whatever else has
    the other core just then.

    For the same reason, of two frames that are looked at together each stays on its own core:
    then the jobs run where they are asked for.
    """

    def __init__(self) -> None:
        self._others = ThreadPoolExecutor(AT_ONCE - 1, 'lane')
        self._changing, self._frames = threading.Lock(), 0

    def __call__(self, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """The jobs' results, in their order; raises what the first failing job raised."""
        if self._frames > 1 or len(jobs) < 2:
            return [alone(job) for job in jobs]
        others = [(self._others.submit(alone, job), job) for job in jobs[1:]]
        try:
            first = alone(jobs[0])
            rest = [_result(*other) for other in reversed(others)]  # where other lanes come last
        finally:  # a job must not go on when what it works on is let go
            wait([begun for begun, _ in others if not begun.cancel()])
        return [first, *reversed(rest)]

    def begin(self, job: Callable[[], T]) -> Callable[[], T]:
        """
        Start a job and go on meanwhile; what is returned gives its result.

        One that no lane had time for yet is done by who asks for the result.
        """
        if self._frames > 1:
            return partial(alone, job)
        return partial(_result, self._others.submit(alone, job), job)

    @contextmanager
    def frame(self) -> Iterator[None]:
        """While a frame is looked at."""
        with self._changing:
            self._frames += 1
        try:
            with one_thread():
                yield
        finally:
            with self._changing:
                self._frames -= 1


def _result(begun: Future[T], job: Callable[[], T]) -> T:
    return alone(job) if begun.cancel() else begun.result()


def alone(job: Callable[[], T]) -> T:
    """A job's result, on one core, ready for inference."""
    with one_thread(), torch.inference_mode():  # both are a thread's own affair
        return job()


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes on the caller's thread alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
