"""Small line, histogram and bar charts as inline SVG, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dcmd_ros.evaluation.markup import Markup, join, tag

WIDTH, HEIGHT = 270, 215
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 36
TICKS = (0, 0.25, 0.5, 0.75, 1)
BINS = 24
BAR, BAR_LEFT, BAR_WIDTH = 8, 130, 300


def px(x: float) -> float:
    """The column of a value in [0, 1]."""
    return round(LEFT + x * (WIDTH - LEFT - RIGHT), 2)


def py(y: float) -> float:
    """The row of a value in [0, 1]."""
    return round(HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM), 2)


def label(x: float, y: float, text: str, anchor: str = 'middle', **more: object) -> Markup:
    return tag('text', text, x=x, y=y, text_anchor=anchor, **more)


def axes(x_label: str, y_label: str, y_ticks: Sequence[tuple[float, str]]) -> Markup:
    """Grid lines, ticks from 0 to 1 on x, the given (place, text) ticks on y, and titles."""
    lines = [tag('line', x1=px(0), x2=px(1), y1=py(at), y2=py(at), class_='grid')
             for at, _ in y_ticks]
    rows = [label(px(0) - 6, py(at) + 4, text, 'end') for at, text in y_ticks]
    columns = [label(px(at), py(0) + 15, f'{at:g}') for at in TICKS]
    turn = f'rotate(-90 8 {py(0.5)})'
    return join([*lines, *rows, *columns, label(px(0.5), HEIGHT - 5, x_label, class_='title'),
                 label(8, py(0.5), y_label, class_='title', transform=turn)])


def chart(title: str, *parts: object) -> Markup:
    return tag('svg', tag('title', title), *parts, viewBox=f'0 0 {WIDTH} {HEIGHT}', role='img',
               class_='chart')


def thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """SVG points, at most some 400 of them, both ends kept."""
    keep = np.unique(np.linspace(0, x.size - 1, min(x.size, 400)).astype(int))
    return ' '.join(f'{px(x[i])},{py(y[i])}' for i in keep)


def curves(title: str, series: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
           x_label: str, y_label: str) -> Markup:
    """Lines of (x, y) in [0, 1]; the keys are the style sheet's series names."""
    ticks = [(at, f'{at:g}') for at in TICKS]
    chance = tag('line', x1=px(0), y1=py(0), x2=px(1), y2=py(1), class_='chance')
    lines = (tag('polyline', points=thinned(x, y), class_=f'line {name}')
             for name, (x, y) in series.items())
    return chart(title, axes(x_label, y_label, ticks), chance, *lines)


def histogram(title: str, good: ArrayLike, defective: ArrayLike, threshold: float) -> Markup:
    """How many good and defective parts have which score, and where the threshold lies."""
    edges = np.linspace(0, 1, BINS + 1)
    counts = {name: np.histogram(np.asarray(values, dtype=float), edges)[0]
              for name, values in (('good', good), ('defective', defective))}
    top = max(1, *(int(count.max()) for count in counts.values()))
    wide = round(px(1 / BINS) - px(0) - 1, 2)
    bars = (tag('rect', x=px(edges[i]), y=py(count / top), width=wide,
                height=round(py(0) - py(count / top), 2), class_=f'bar {name}')
            for name, column in counts.items() for i, count in enumerate(column) if count)
    ticks = [(0.0, '0'), (1.0, str(top))] + ([(0.5, f'{top / 2:g}')] if top % 2 == 0 else [])
    line = tag('line', x1=px(threshold), x2=px(threshold), y1=py(0), y2=py(1), class_='threshold')
    text = label(px(threshold) + 5, py(1) + 9, 'alarm', 'start')
    return chart(title, axes('score', 'parts', ticks), *bars, line, text)


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
