"""What happened since the last reset: counts by cause, latencies, troubles."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping

import numpy as np

WINDOW = 300


class Tally:
    """
    Written by the executor and the inference thread, read for `/diagnostics`.

    A part is `rgb`, `depth`, `pairing` or `inference`. A trouble stands until it is cleared;
    the last error stays for the record.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._counts: dict[str, Counter[str]] = {}
            self._troubles: dict[str, str] = {}
            self._errors: dict[str, str] = {}
            self._latencies: deque[float] = deque(maxlen=WINDOW)
            self._stages: dict[str, deque[float]] = {}

    def count(self, part: str, cause: str, by: int = 1) -> None:
        if by:
            with self._lock:
                self._counts.setdefault(part, Counter())[cause] += by

    def trouble(self, part: str, cause: str, text: str) -> None:
        """Count a failure and let its text stand."""
        self.count(part, cause)
        with self._lock:
            self._troubles[part] = self._errors[part] = text

    def clear(self, part: str) -> None:
        """The part works again."""
        with self._lock:
            self._troubles.pop(part, None)

    def latency(self, milliseconds: float) -> None:
        with self._lock:
            self._latencies.append(milliseconds)

    def stages(self, milliseconds: Mapping[str, float]) -> None:
        """What each stage of a frame took."""
        with self._lock:
            for stage, took in milliseconds.items():
                self._stages.setdefault(stage, deque(maxlen=WINDOW)).append(took)

    def counts(self, part: str) -> dict[str, int]:
        with self._lock:
            return dict(self._counts.get(part, {}))

    def standing(self, part: str) -> str:
        """The trouble that stands, empty where none does."""
        with self._lock:
            return self._troubles.get(part, '')

    def last_error(self, part: str) -> str:
        with self._lock:
            return self._errors.get(part, '')

    def latencies(self) -> tuple[float, float, float]:
        """p50, p95 and maximum of the last frames in ms, NaN before the first."""
        with self._lock:
            recent = list(self._latencies)
        if not recent:
            return (float('nan'),) * 3
        return float(np.percentile(recent, 50)), float(np.percentile(recent, 95)), max(recent)

    def stage_medians(self) -> dict[str, float]:
        """Milliseconds of each stage in the last frames, in the order of the frame's way."""
        with self._lock:
            return {stage: float(np.median(took)) for stage, took in self._stages.items()}
