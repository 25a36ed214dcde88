"""The interface of message_filters over our pairing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from dcmd_ros.stream.config import MODALITIES, SECOND, Modality, PairingConfig
from dcmd_ros.stream.pairing import Pair, Pairing


class Filter(Protocol):
    """What message_filters' Subscriber is to us."""

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> Any: ...  # noqa: N802


class ModalitySynchronizer:
    """
    Takes the place of `ApproximateTimeSynchronizer([rgb, depth], queue_size, slop)`.

    The callback gets one message for each modality, or None for one that did not come. A message
    may bring a `digest` of its payload, by which a frozen sensor is found.

    :param filters: RGB's, then depth's
    :param slop: seconds, None = automatic
    :param config: the other numbers; `queue_size` and `slop` above win
    :param clock: steady, nanoseconds
    """

    def __init__(self, filters: Sequence[Filter], queue_size: int = 32, slop: float | None = None,
                 config: PairingConfig | None = None,
                 clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.pairing: Pairing[Any] = Pairing(
            replace(config or PairingConfig(), queue_size=queue_size, slop=slop))
        self._clock = clock
        self._lock = threading.RLock()
        self._callbacks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.connectInput(filters)

    def connectInput(self, filters: Sequence[Filter]) -> None:  # noqa: N802
        """Listen to RGB's filter and depth's."""
        for modality, source in zip(MODALITIES, filters, strict=True):
            source.registerCallback(self._add, modality)

    def registerCallback(self, callback: Callable[..., Any], *args: Any) -> int:  # noqa: N802
        """Call `callback(rgb, depth, *args)` with each frame's messages."""
        self._callbacks.append((callback, args))
        return len(self._callbacks) - 1

    def poll(self, clock: int | None = None) -> None:
        """Time passed; `clock` is the ROS clock where it is simulated."""
        with self._lock:
            self._signal(self.pairing.poll(self._clock(), clock))

    def flush(self) -> None:
        """The end: what still waits leaves now."""
        with self._lock:
            self._signal(self.pairing.flush())

    def _add(self, message: Any, modality: Modality) -> None:
        stamp = message.header.stamp
        with self._lock:
            self._signal(self.pairing.push(
                modality, stamp.sec * SECOND + stamp.nanosec, message, self._clock(),
                getattr(message, 'digest', None)))

    def _signal(self, pairs: Sequence[Pair[Any]]) -> None:
        """Every frame reaches every callback; the first exception is raised at the end."""
        errors = []
        for pair in pairs:
            for callback, args in self._callbacks:
                try:
                    callback(pair.rgb, pair.depth, *args)
                except Exception as error:
                    errors.append(error)
        if errors:
            raise errors[0]
