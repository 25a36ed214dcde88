"""Scores and confidences over a run's stamps, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.evaluation import charts
from dcmd_ros.evaluation.charts import Box, Line, Ticks
from dcmd_ros.evaluation.lapses import SILENCE, Lapse
from dcmd_ros.evaluation.markup import Markup, tag
from dcmd_ros.inspection import THRESHOLD
from dcmd_ros.stream.config import SECOND

Floats = NDArray[np.float64]

SCORES = Box(1100, 280, top=58)  # room for the causes
BARE = Box(1100, 232)
TRUST = Box(1100, 160)
LETTER, LINE_HEIGHT, LINES = 6.4, 14, 3  # of the causes' names above the scores
WIDE = 12  # a stretch that is narrower is named only if it is the longest of its cause
FINE = 3000  # more points than so many are drawn on whole units only
JUMP = 0.9  # a gap that takes this share of the time would squeeze all the rest
UNITS = ((3 * 3600.0, 3600, 'h'), (300.0, 60, 'min'), (0.0, 1, 's'))


@dataclass(frozen=True)
class TimeAxis:
    """Where stamps lie between 0 and 1."""

    stamps: NDArray[np.int64]
    places: Floats
    ticks: Ticks
    title: str

    def at(self, stamps: Sequence[int] | NDArray[np.int64]) -> Floats:
        """Places of stamps; what is outside the axis is put at its ends."""
        known = (self.stamps - self.stamps[0]).astype(float)
        asked = (np.asarray(stamps, dtype=np.int64) - self.stamps[0]).astype(float)
        return np.interp(asked, known, self.places)


def time_axis(stamps: Sequence[int]) -> TimeAxis:
    """
    The axis of a run with at least one stamp.

    In time from the first stamp; by the number of the frame where the stamps jump so far that
    time would show nothing else.
    """
    known = np.unique(np.asarray(stamps, dtype=np.int64))
    if known.size < 2:
        known = np.array([known[0], known[0] + SECOND])
    seconds = (known - known[0]) / SECOND
    if known.size > 9 and np.diff(seconds).max() > JUMP * seconds[-1]:
        places = np.linspace(0, 1, known.size)
        last = known.size - 1
        ticks = [(at / last, f'{at:g}') for at in charts.round_ticks(0, last)]
        return TimeAxis(known, places, ticks, 'number of the frame (the stamps jump)')
    size, unit = next((size, unit) for least, size, unit in UNITS if seconds[-1] >= least)
    ticks = [(at * size / seconds[-1], f'{at:g}')
             for at in charts.round_ticks(0, seconds[-1] / size)]
    return TimeAxis(known, seconds / seconds[-1], ticks, f'{unit} from the first stamp')


def timeline(axis: TimeAxis, scores: Mapping[str, Line], trust: Mapping[str, Line],
             shaded: Sequence[Lapse] = (), marks: Floats | None = None) -> Markup:
    """
    Points of scores above lines of confidences, degraded stretches shaded and named.

    :param scores: (places, scores) of each of the style sheet's series
    :param trust: (places, confidences) in order, NaN where absent
    :param marks: places on the ground of the scores: frames without a score
    """
    box = SCORES if shaded else BARE
    ground = [dots(box, marks, np.zeros(marks.size), 'none')] if marks is not None else []
    at = box.y(THRESHOLD)
    line = tag('line', x1=box.x(0), x2=box.x(1), y1=at, y2=at, class_='threshold')
    upper = charts.chart('score over time', *shades(box, axis, shaded), names(axis, shaded),
                         charts.axes('', 'score', charts.UNIT, axis.ticks, box), *ground,
                         *(dots(box, *points, name) for name, points in scores.items()), line,
                         box=box, class_='timeline')
    lower = charts.chart('confidence over time', *shades(TRUST, axis, shaded),
                         charts.axes(axis.title, 'confidence', charts.UNIT[::2], axis.ticks,
                                     TRUST),
                         *(trace(TRUST, *points, name) for name, points in trust.items()),
                         box=TRUST, class_='timeline')
    return tag('div', upper, lower, class_='scroll')


def dots(box: Box, x: Floats, y: Floats, series: str) -> Markup:
    """One path with a dot for each point; of those that would cover each other, one."""
    grid = 1 if x.size > FINE else 2
    columns = np.rint((box.left + x * (box.width - box.left - box.right)) * grid) / grid
    height = box.height - box.top - box.bottom
    rows = np.rint((box.height - box.bottom - y * height) * grid) / grid
    spots = np.unique(np.column_stack([columns, rows]), axis=0)
    size = ' fine' if grid == 1 else ''
    return tag('path', d=''.join(f'M{a:g},{b:g}h0' for a, b in spots),
               class_=f'dots {series}{size}')


def trace(box: Box, x: Floats, y: Floats, series: str) -> Markup:
    """A line that breaks at NaN and over gaps, no finer than the picture: least and greatest."""
    columns = np.rint(box.left + x * (box.width - box.left - box.right))
    steps = np.diff(x, prepend=x[:1])
    far = max(SILENCE * float(np.median(steps[1:])) if x.size > 1 else 0, 2 / box.width)
    pieces, pen = [], 'M'
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    for begin, end in zip(starts, [*starts[1:], x.size], strict=True):
        values = y[begin:end][~np.isnan(y[begin:end])]
        if values.size == 0 or steps[begin] > far:
            pen = 'M'
        for value in dict.fromkeys((values.min(), values.max())) if values.size else ():
            pieces.append(f'{pen}{columns[begin]:g},{box.y(value):g}')
            pen = 'L'
        if values.size == 1 and end - begin == 1:
            pieces.append('h1')  # a lone point is seen too
    return tag('path', d=''.join(pieces), class_=f'line {series}')


def shades(box: Box, axis: TimeAxis, shaded: Sequence[Lapse]) -> list[Markup]:
    """Upright bands, those that touch in one."""
    bands: list[list[float]] = []
    for first, last in zip(axis.at([one.first for one in shaded]),
                           axis.at([one.last for one in shaded]), strict=True):
        if bands and box.x(first) - bands[-1][1] < 1:
            bands[-1][1] = box.x(last)
        else:
            bands.append([box.x(first), max(box.x(last), box.x(first) + 1)])
    return [tag('rect', x=left, y=box.y(1), width=round(right - left, 2),
                height=round(box.y(0) - box.y(1), 2), class_='lapse') for left, right in bands]


def names(axis: TimeAxis, shaded: Sequence[Lapse]) -> Markup:
    """The causes above their stretches, as far as there is room; the longest ones first."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LINES)]
    written: dict[str, list[Markup]] = {}
    for one in sorted(shaded, key=lambda one: one.first - one.last):
        first, last = (SCORES.x(at) for at in axis.at([one.first, one.last]))
        if one.cause in written and last - first < WIDE:
            continue
        middle = (first + last) / 2
        half = LETTER * len(one.cause) / 2
        middle = min(max(middle, SCORES.x(0) + half), SCORES.x(1) - half)
        for number, line in enumerate(taken):
            if all(middle + half < left or middle - half > right for left, right in line):
                line.append((middle - half, middle + half))
                written.setdefault(one.cause, []).append(charts.label(
                    round(middle, 1), SCORES.top - 6 - number * LINE_HEIGHT, one.cause,
                    class_='cause'))
                break
    return tag('g', *(text for texts in written.values() for text in texts))
