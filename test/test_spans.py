"""Disjoint spans against a table of every place."""

import numpy as np
import pytest

from dcmd_ros.training.spans import Disagreement, Span, Spans


def test_any_order_of_spans_gives_what_a_table_gives() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        table: dict[int, str] = {}
        spans: Spans[str] = Spans()
        for _ in range(8):
            first = int(rng.integers(0, 40))
            span = Span(first, first + int(rng.integers(0, 9)), str(rng.choice(['a', 'b'])))
            places = range(span.first, span.last + 1)
            if any(table.get(place, span.value) != span.value for place in places):
                with pytest.raises(Disagreement):
                    spans.add(span)
            else:
                spans.add(span)
                table.update(dict.fromkeys(places, span.value))
        assert [spans.at(place) for place in range(60)] == [table.get(p) for p in range(60)]


def test_the_nearest_is_found_within_tolerance_on_either_side() -> None:
    spans: Spans[str] = Spans()
    assert spans.at(0, 100) is None
    spans.add(Span(10, 12, 'a'))
    spans.add(Span(20, 20, 'b'))
    assert [spans.at(place, 3) for place in (6, 7, 15, 16, 17, 23, 24)] == [
        None, 'a', 'a', None, 'b', 'b', None]
