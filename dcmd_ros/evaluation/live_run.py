"""A run put together while it is on: frames, results, maps and truth, each when it comes."""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Mapping
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.evaluation import panels
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.stream import stamps
from dcmd_ros.training.truth import Truth

T = TypeVar('T')
LAG = 5  # results that come before one is joined with what may still be on its way
KEPT = 3 * LAG  # maps, and overlays, that wait for their result
MOST_NAMED = 10  # stamps in a note


class LiveRun:
    """
    Joins by stamp; what a stamp brings repeatedly (a bag in a loop) by the order of arrival.

    run  what came of it; whole after `finish`
    """

    def __init__(self, name: str, truth: Truth) -> None:
        self.run = Run(name, '', 'live')
        self._truth = truth
        self._frames: dict[Modality, Counter[int]] = {m: Counter() for m in MODALITIES}
        self._used: dict[Modality, Counter[int]] = {m: Counter() for m in MODALITIES}
        self._order: list[int] = []
        self._waiting: deque[Moment] = deque()
        self._maps: Kept[NDArray[np.float32]] = Kept()
        self._overlays: Kept[NDArray[np.uint8]] = Kept()

    @property
    def results(self) -> int:
        return len(self.run.moments) + len(self._waiting)

    @property
    def alarms(self) -> int:
        return sum(moment.alarm for moment in (*self.run.moments, *self._waiting))

    def frame(self, sensor: Modality, stamp: int) -> None:
        """A sensor published an image."""
        self._frames[sensor][stamp] += 1
        if sensor == 'rgb':
            self._number(stamp)

    def label(self, text: str) -> None:
        """JSON of `truth/label`."""
        self._truth.add_label(text)

    def mask(self, stamp: int, image: NDArray[np.generic]) -> None:
        """(H, W), not 0 where defective."""
        self._truth.add_mask(stamp, image)

    def map(self, stamp: int, scores: NDArray[np.float32]) -> None:
        """(H, W), the anomaly map."""
        self._maps.put(stamp, scores)

    def overlay(self, stamp: int, picture: NDArray[np.uint8]) -> None:
        """(H, W, 3)."""
        self._overlays.put(stamp, picture)

    def result(self, moment: Moment, parts: Mapping[Modality, int]) -> None:
        """
        :param parts: the stamps of the sensors that took part
        """
        for sensor, stamp in parts.items():
            self._used[sensor][stamp] += 1
        self._number(moment.stamp)
        self._waiting.append(moment)
        if len(self._waiting) > LAG:
            self._join(self._waiting.popleft())

    def finish(self) -> Run:
        """The end: what still waits is joined, what came without a result is listed."""
        while self._waiting:
            self._join(self._waiting.popleft())
        run = self.run
        leading: Modality = 'rgb' if self._frames['rgb'] else 'depth'
        run.settle(self._truth, self._frames[leading])
        lost = {m: self._frames[m] - self._used[m] for m in MODALITIES}
        run.missing = sorted(lost[leading].elements())
        run.drops = {f'{m}.no_result': count.total() for m, count in lost.items() if count}
        run.notes += self._notes(run)
        return run

    def _number(self, stamp: int) -> None:
        """Let the frame have its place in the order of stamps."""
        place = bisect_left(self._order, stamp)
        if place == len(self._order) or self._order[place] != stamp:
            insort(self._order, stamp)

    def _join(self, moment: Moment) -> None:
        stamp = moment.stamp
        index = bisect_left(self._order, stamp)
        moment = dataclasses.replace(moment, label=self._truth.label_at(stamp, index))
        scores, overlay = self._maps.take(stamp), self._overlays.take(stamp)
        mask = None if scores is None else self._truth.mask_at(stamp, index)
        self.run.add(moment, None, scores, mask)
        if overlay is not None:
            self.run.offer(moment, lambda: panels.encoded(panels.narrowed(panels.overlay_panel(
                overlay, mask, scores, moment.label or 'no label')), '.jpg'))

    def _notes(self, run: Run) -> list[str]:
        notes = []
        if run.missing:
            named = ', '.join(map(stamps.seconds, run.missing[:MOST_NAMED]))
            more = ' ...; run.json lists them all' if len(run.missing) > MOST_NAMED else ''
            notes.append(f'{len(run.missing)} frames came and have no result: {named}{more}')
        if unseen := sum(sum((self._used[m] - self._frames[m]).values()) for m in MODALITIES):
            notes.append(f'of {unseen} images only the result was seen: there may be more '
                         'without a result than are listed')
        passes = max(Counter(moment.stamp for moment in run.moments).values(), default=0)
        if passes > 1:
            notes.append(f'the same stamps came up to {passes} times (a loop): each result counts')
        return notes


class Kept(Generic[T]):
    """The last pictures by stamp, those of one stamp in the order of arrival."""

    def __init__(self) -> None:
        self._items: deque[tuple[int, T]] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self._items)

    def put(self, stamp: int, item: T) -> None:
        self._items.append((stamp, item))

    def take(self, stamp: int) -> T | None:
        """The first of this stamp, which goes; None where there is none."""
        for place, (known, item) in enumerate(self._items):
            if known == stamp:
                del self._items[place]
                return item
        return None
