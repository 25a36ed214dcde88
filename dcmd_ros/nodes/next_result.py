"""Whoever waits for the next frame's result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.executors import Executor
from rclpy.task import Future

from dcmd_ros.framing.shot import NANOSECONDS, Shot
from dcmd_ros.nodes.result import Result


@dataclass(frozen=True)
class Waiter:
    """Wants a frame made after `since`, gives up at `until`; steady nanoseconds."""

    since: int
    until: int
    executor: Executor
    future: Future


class NextResult:
    """Futures that the inference thread fulfils and the executor gives up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: list[Waiter] = []

    def wait(self, timeout: float, executor: Executor) -> Future:
        """Of the first frame made from now on; None after `timeout` seconds without one."""
        now = time.monotonic_ns()
        future = Future(executor=executor)
        with self._lock:
            self._waiters.append(
                Waiter(now, now + int(timeout * NANOSECONDS), executor, future))
        return future

    def deliver(self, shot: Shot, result: Result) -> None:
        """Fulfil those who asked before the shot was made."""
        self._settle(lambda waiter: waiter.since <= shot.emitted, result)

    def expire(self) -> None:
        """Give up those whose time is over."""
        now = time.monotonic_ns()
        self._settle(lambda waiter: waiter.until <= now, None)

    def give_up(self) -> None:
        """Give up all: no result will come."""
        self._settle(lambda waiter: True, None)

    def _settle(self, chosen: Callable[[Waiter], bool], result: Result | None) -> None:
        with self._lock:
            settled = [waiter for waiter in self._waiters if chosen(waiter)]
            self._waiters = [waiter for waiter in self._waiters if not chosen(waiter)]
        for waiter in settled:
            fulfil(waiter.future, result, waiter.executor)


def fulfil(future: Future, value: Any, executor: Executor) -> None:
    """Set the result and have the executor look: it does not notice by itself."""
    future.set_result(value)
    executor.wake()
