"""What is known about a stream's frames: labels and masks by stamp."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.sensing.message import image_view
from dcmd_ros.stream import stamps
from dcmd_ros.training.image_files import read_mask
from dcmd_ros.training.label_rows import Row, TruthError, read_rows
from dcmd_ros.training.spans import Disagreement, Span, Spans

Mask = NDArray[np.bool_]

TOLERANCE = 500_000  # ns; stamps that went through a float or a table lose microseconds
UNJUDGED = ('no_part', 'unknown')  # labels that say neither good nor defective


class Truth:
    """
    Labels and masks from a labels file, from `truth/*` messages, or both; the file goes first.

    A stamp is looked up exactly, then in what lies nearest within half a millisecond. Rows by
    frame number are known only by number until `resolve` has been told the stamps.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._labels: dict[str, Spans[str]] = {'stamp': Spans(), 'index': Spans()}
        self._masks: dict[str, Spans[Path]] = {'stamp': Spans(), 'index': Spans()}
        self._told_labels: Spans[str] = Spans()
        self._told_masks: Spans[bytes] = Spans()
        self._troubles: Counter[str] = Counter()
        self._beyond: list[str] = []
        for row in rows:
            self._add(row)

    @classmethod
    def from_topics(cls, labels: Iterable[str] = (),
                    masks: Iterable[tuple[int, NDArray[np.generic]]] = ()) -> Truth:
        """Of `truth/label` messages' JSON, and of (stamp, image) of `truth/mask` messages."""
        truth = cls()
        for text in labels:
            truth.add_label(text)
        for stamp, image in masks:
            truth.add_mask(stamp, image)
        return truth

    def add_label(self, text: str) -> None:
        """A `truth/label` message, JSON with `stamp` and `label`; one that is not is counted."""
        try:
            said = json.loads(text)
            stamp, label = stamps.parsed(str(said['stamp'])), str(said['label'])
        except (ValueError, KeyError, TypeError):
            self._troubles['truth/label messages are not JSON with stamp and label'] += 1
            return
        try:
            self._told_labels.add(Span(stamp, stamp, label))
        except Disagreement:
            self._troubles['truth/label messages contradict one before with the same stamp'] += 1

    def add_mask(self, stamp: int, image: NDArray[np.generic]) -> None:
        """A `truth/mask` message, (H, W), not 0 where defective; kept compressed."""
        packed = cv2.imencode('.png', (image != 0).astype(np.uint8) * 255)[1].tobytes()
        try:
            self._told_masks.add(Span(stamp, stamp, packed))
        except Disagreement:
            self._troubles['truth/mask messages contradict one before with the same stamp'] += 1

    def add_mask_message(self, message: Any) -> None:
        """
        The same of an Image message, of rclpy or read from a bag.

        :raises MessageError: it contradicts itself
        """
        self.add_mask(nanoseconds(message.header.stamp), image_view(message, np.uint8, 1))

    def resolve(self, seen: Iterable[int]) -> None:
        """Let frame numbers mean the stamps of the run's results, sorted and each once."""
        frames = sorted(set(seen))
        self._beyond = [span.source for span in self._labels['index']
                        if span.last >= len(frames)]
        self._labels['stamp'] = by_stamp(self._labels['index'], frames, self._labels['stamp'])
        self._masks['stamp'] = by_stamp(self._masks['index'], frames, self._masks['stamp'])

    def label_at(self, stamp: int, index: int | None = None) -> str | None:
        """
        `good` or a defect's name (`anomalous` where only a mask is known), None where unknown.

        :param index: the frame's number in the order of stamps, for rows that are not resolved yet
        """
        label = self._labels['stamp'].at(stamp, TOLERANCE)
        if label is None and index is not None:
            label = self._labels['index'].at(index)
        label = label or self._told_labels.at(stamp, TOLERANCE)
        if label is None and (mask := self.mask_at(stamp, index)) is not None:
            return 'anomalous' if mask.any() else 'good'
        return None if label in UNJUDGED else label

    def mask_at(self, stamp: int, index: int | None = None) -> Mask | None:
        """
        (H, W), true where defective, None where unknown.

        :raises DcmdError: the mask's file is damaged
        """
        path = self._masks['stamp'].at(stamp, TOLERANCE)
        if path is None and index is not None:
            path = self._masks['index'].at(index)
        if path is not None:
            return read_mask(path)
        packed = self._told_masks.at(stamp, TOLERANCE)
        if packed is None:
            return None
        image = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_GRAYSCALE)
        return np.asarray(image) > 0

    @property
    def notes(self) -> list[str]:
        """What of the truth is of no use, in sentences."""
        beyond = [f'{source}: its frames go on after the last one of the run'
                  for source in self._beyond]
        return beyond + [f'{count} {what}; they are left out'
                         for what, count in self._troubles.items()]

    def _add(self, row: Row) -> None:
        try:
            self._labels[row.by].add(Span(row.first, row.last, row.label, row.source))
            if row.mask is not None:
                self._masks[row.by].add(Span(row.first, row.last, row.mask, row.source))
        except Disagreement as error:
            raise TruthError(f'{error}, for the same frames; let each frame have one label and '
                             'one mask') from error


def by_stamp(numbered: Spans, frames: Sequence[int], known: Spans) -> Spans:
    """The spans of frame numbers as spans of stamps, of frames that there are."""
    if not numbered:
        return known
    found: Spans = Spans()
    for span in numbered:
        if span.first < len(frames):
            last = frames[min(span.last, len(frames) - 1)]
            found.add(Span(frames[span.first], last, span.value, span.source))
    return found


def read_labels(path: Path) -> Truth:
    """
    The truth of a labels file, CSV or JSON.

    Each row says `stamp`, or `from` and `to` (s.nnnnnnnnn, both included), or `index`, or `first`
    and `last` (numbers from 0 of the run's frames in the order of stamps); `label` or `verdict`
    (`good`, `anomalous`, the name of a defect; `no_part` and `unknown` count in no figure); and
    perhaps `mask`, an image relative to the file.

    :raises TruthError: with file and line, and what to write
    """
    return Truth(read_rows(Path(path)))
