"""Values over stretches of a line of integers, found again by place."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

V = TypeVar('V')


@dataclass(frozen=True)
class Span(Generic[V]):
    """A value from `first` to `last`, both included, and where that was said."""

    first: int
    last: int
    value: V
    source: str = ''


class Disagreement(ValueError):
    """Two spans that overlap have different values: the one that was there, and the new one."""

    def __init__(self, there: Span[Any], new: Span[Any]) -> None:
        super().__init__(f'{new.source} says {new.value}, {there.source} says {there.value}')


class Spans(Generic[V]):
    """Spans that never overlap: those that do and agree become one."""

    def __init__(self) -> None:
        self._spans: list[Span[V]] = []

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __iter__(self) -> Iterator[Span[V]]:
        return iter(self._spans)

    def add(self, new: Span[V]) -> None:
        """:raises Disagreement: one that it overlaps has another value"""
        low = self._before(new.first)
        low += low < 0 or self._spans[low].last < new.first
        high = self._before(new.last)
        met = self._spans[low:high + 1]
        for there in met:
            if there.value != new.value:
                raise Disagreement(there, new)
        whole = Span(min([new.first, *(s.first for s in met)]),
                     max([new.last, *(s.last for s in met)]), new.value, new.source)
        del self._spans[low:high + 1]
        insort(self._spans, whole, key=lambda span: span.first)

    def at(self, place: int, tolerance: int = 0) -> V | None:
        """The value of the span that holds the place, else of the nearest within tolerance."""
        index = self._before(place)
        near = self._spans[max(index, 0):index + 2]
        gaps = [max(span.first - place, place - span.last, 0) for span in near]
        if not near or min(gaps) > tolerance:
            return None
        return near[gaps.index(min(gaps))].value

    def _before(self, place: int) -> int:
        """The index of the last span that begins at or before the place, -1 where none does."""
        return bisect_right(self._spans, place, key=lambda span: span.first) - 1
