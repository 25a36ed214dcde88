"""One slot between two threads: the newest item wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar('T')


class Mailbox(Generic[T]):
    """
    Holds at most one item, safe to use from any thread.

    `overwritten` counts the items that nobody took, those put after `close` among them.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._closed = False
        self._overwritten = 0

    @property
    def overwritten(self) -> int:
        with self._changed:
            return self._overwritten

    def put(self, item: T) -> None:
        """Leave `item`, in place of the one that still lies there; never waits."""
        with self._changed:
            if self._items or self._closed:
                self._overwritten += 1
            if not self._closed:
                self._items = [item]
                self._changed.notify()

    def take(self, timeout: float | None = None) -> T | None:
        """
        Wait for an item and take it.

        :param timeout: seconds, None = as long as it takes
        :return: None when none came in time, or when the mailbox is closed and empty
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            return self._items.pop() if self._items else None

    def close(self) -> None:
        """Wake everybody who waits; what lies in the slot can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
