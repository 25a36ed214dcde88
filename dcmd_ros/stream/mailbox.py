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
        self._closed = self._woken = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Leave an item, in place of the one that is still there; never waits."""
        with self._changed:
            self.overwritten += self._closed or self._item is not None
            if not self._closed:
                self._item = item
                self._changed.notify()

    def take(self, timeout: float | None = None, wanted: bool = True) -> T | None:
        """
        The newest item, once; None after `timeout` seconds, when woken or when closed.

        :param wanted: else only wait, and leave the item for a newer one
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._woken or (
                wanted and self._item is not None), timeout)
            self._woken = False
            if not wanted:
                return None
            item, self._item = self._item, None
            return item

    def wake(self) -> None:
        """Whoever waits, or waits next, waits no longer."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def close(self) -> None:
        """Wake whoever waits; what is there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
