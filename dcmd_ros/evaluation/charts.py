"""Small line, histogram and bar charts as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dcmd_ros.evaluation.markup import Markup, join, tag

Ticks = Sequence[tuple[float, str]]  # place in [0, 1], text
Line = tuple[NDArray[np.float64], NDArray[np.float64]]

UNIT: Ticks = [(at, f'{at:g}') for at in (0, 0.25, 0.5, 0.75, 1)]
BINS = 24
BAR, BAR_LEFT, BAR_WIDTH = 8, 130, 300


@dataclass(frozen=True)
class Box:
    """A chart's size and the margins round its axes, in units of its viewBox."""

    width: int
    height: int
    left: int = 46
    right: int = 10
    top: int = 10
    bottom: int = 36

    def x(self, value: float) -> float:
        """The column of a value in [0, 1]."""
        return round(float(self.left + value * (self.width - self.left - self.right)), 2)

    def y(self, value: float) -> float:
        """The row of a value in [0, 1]."""
        return round(float(self.height - self.bottom
                           - value * (self.height - self.top - self.bottom)), 2)


SMALL = Box(270, 215)


def label(x: float, y: float, text: str, anchor: str = 'middle', **more: object) -> Markup:
    return tag('text', text, x=x, y=y, text_anchor=anchor, **more)


def axes(x_label: str, y_label: str, y_ticks: Ticks, x_ticks: Ticks = UNIT,
         box: Box = SMALL) -> Markup:
    """Grid lines, the given ticks, and titles."""
    lines = [tag('line', x1=box.x(0), x2=box.x(1), y1=box.y(at), y2=box.y(at), class_='grid')
             for at, _ in y_ticks]
    rows = [label(box.x(0) - 6, box.y(at) + 4, text, 'end') for at, text in y_ticks]
    columns = [label(box.x(at), box.y(0) + 15, text) for at, text in x_ticks]
    turn = f'rotate(-90 8 {box.y(0.5)})'
    return join([*lines, *rows, *columns,
                 label(box.x(0.5), box.height - 5, x_label, class_='title'),
                 label(8, box.y(0.5), y_label, class_='title', transform=turn)])


def chart(title: str, *parts: object, box: Box = SMALL, class_: str = 'chart') -> Markup:
    return tag('svg', tag('title', title), *parts, viewBox=f'0 0 {box.width} {box.height}',
               role='img', class_=class_)


def thinned(x: NDArray[np.float64], y: NDArray[np.float64], box: Box = SMALL) -> str:
    """SVG points, at most some 400 of them, both ends kept."""
    keep = np.unique(np.linspace(0, x.size - 1, min(x.size, 400)).astype(int))
    return ' '.join(f'{box.x(x[i])},{box.y(y[i])}' for i in keep)


def curves(title: str, series: Mapping[str, Line], x_label: str, y_label: str,
           chance: bool = True, marks: Mapping[str, float] | None = None) -> Markup:
    """
    Lines of (x, y) in [0, 1].

    :param series: the keys are the style sheet's series names
    :param chance: draw the diagonal
    :param marks: what is written at an upright line at which x
    """
    drawn: list[Markup] = []
    if chance:
        drawn.append(tag('line', x1=SMALL.x(0), y1=SMALL.y(0), x2=SMALL.x(1), y2=SMALL.y(1),
                         class_='chance'))
    drawn += [tag('polyline', points=thinned(x, y), class_=f'line {name}')
              for name, (x, y) in series.items()]
    places = list((marks or {}).values())
    drawn += [mark(at, text, row, at == min(places) < max(places))
              for row, (text, at) in enumerate((marks or {}).items())]
    return chart(title, axes(x_label, y_label, UNIT), *drawn)


def mark(at: float, text: str, row: int = 0, on_the_left: bool = False) -> Markup:
    """An upright line with a word beside it, on the other side where there is no room."""
    on_the_left = at > 0.26 if on_the_left else at > 0.76
    side, anchor = (-5, 'end') if on_the_left else (5, 'start')
    return join([tag('line', x1=SMALL.x(at), x2=SMALL.x(at), y1=SMALL.y(0), y2=SMALL.y(1),
                     class_='threshold'),
                 label(SMALL.x(at) + side, SMALL.y(1) + 9 + 13 * row, text, anchor,
                       class_='mark')])


def histogram(title: str, good: ArrayLike, defective: ArrayLike, threshold: float) -> Markup:
    """How many good and defective parts have which score, and where the threshold lies."""
    return bars(title, {'good': good, 'defective': defective}, (0, 1), UNIT, 'score', 'parts',
                mark(threshold, 'alarm'))


def bars(title: str, series: Mapping[str, ArrayLike], span: tuple[float, float], x_ticks: Ticks,
         x_label: str, y_label: str, *more: Markup) -> Markup:
    """How many of each series' values fall where in the span; what is outside is not drawn."""
    edges = np.linspace(*span, BINS + 1)
    counts = {name: np.histogram(np.asarray(values, dtype=float), edges)[0]
              for name, values in series.items()}
    top = max(1, *(int(count.max()) for count in counts.values()))
    wide = round(SMALL.x(1 / BINS) - SMALL.x(0) - 1, 2)
    drawn = (tag('rect', x=SMALL.x(i / BINS), y=SMALL.y(count / top), width=wide,
                 height=round(SMALL.y(0) - SMALL.y(count / top), 2), class_=f'bar {name}')
             for name, column in counts.items() for i, count in enumerate(column) if count)
    ticks = [(0.0, '0'), (1.0, str(top))] + ([(0.5, f'{top / 2:g}')] if top % 2 == 0 else [])
    return chart(title, axes(x_label, y_label, ticks, x_ticks), *drawn, *more)


def round_ticks(first: float, last: float, most: int = 8) -> list[float]:
    """Round values from first to last, at most so many."""
    if not last > first:
        return [first]
    size = 10.0 ** np.floor(np.log10((last - first) / most))
    step = next(size * k for k in (1, 2, 5, 10, 20) if (last - first) / (size * k) <= most - 1)
    values = np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step
    return [float(f'{value:.12g}') for value in values]


def paired_bars(title: str, rows: Mapping[str, Mapping[str, float]]) -> Markup:
    """For each row a bar in [0, 1] for each of its series; a dash where the value is NaN."""
    parts: list[Markup] = []
    y = 4.0
    for name, values in rows.items():
        middle = y + BAR * len(values) / 2 + 4
        parts.append(label(BAR_LEFT - 8, middle, name, 'end'))
        for series, value in values.items():
            parts.append(bar(y, series, value))
            y += BAR
        y += 7
    whole = f'0 0 {BAR_LEFT + BAR_WIDTH + 40} {y:g}'
    return tag('svg', tag('title', title), *parts, viewBox=whole, role='img', class_='chart wide')


def bar(y: float, series: str, value: float) -> Markup:
    if np.isnan(value):
        return label(BAR_LEFT, y + BAR - 1, '–', 'start', class_='figure')
    length = round(max(1.0, value * BAR_WIDTH), 2)
    return join([tag('rect', x=BAR_LEFT, y=y, width=length, height=BAR - 1.5,
                     class_=f'bar {series}'),
                 label(BAR_LEFT + length + 5, y + BAR - 1, f'{value:.2f}', 'start',
                       class_='figure')])


def legend(entries: Mapping[str, str]) -> Markup:
    """Series names with their colours: {series: text}."""
    return tag('p', *(tag('span', tag('i', class_=f'key {series}'), text)
                      for series, text in entries.items()), class_='legend')
