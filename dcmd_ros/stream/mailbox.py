"""One slot between two threads: the newest item wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar('T')


class Mailbox(Generic[T]):
    """
    Holds one item at most, never None; safe to use from any thread.

    `overwritten` counts the items that nobody took before a newer one came, or that came after
    `close`.
    """

    def __init__(self) -> None:
        self.overwritten = 0
        self._item: T | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Leave an item, in place of the one that is still there; never waits."""
        with self._changed:
            self.overwritten += self._closed or self._item is not None
            if not self._closed:
                self._item = item
                self._changed.notify()

    def take(self, timeout: float | None = None) -> T | None:
        """The newest item, once; None after `timeout` seconds or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Wake whoever waits; what is there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
