"""Counters that rose of late, in words."""

import pytest

from dcmd_ros.nodes.incidents import NOTES, RECENT, WARNINGS, Incidents, notes, refused, warnings


def test_a_rise_is_told_for_a_while_and_then_no_more() -> None:
    incidents = Incidents()
    assert incidents.rise({'stray': 2}, 100.0) == {'stray': 2}
    assert incidents.rise({'stray': 5}, 101.0) == {'stray': 5}
    assert incidents.rise({'stray': 5}, 100.5 + RECENT) == {'stray': 3}
    assert incidents.rise({'stray': 5}, 102.0 + RECENT) == {}


def test_counters_that_start_anew_are_no_rise() -> None:
    incidents = Incidents()
    incidents.rise({'stray': 5, 'late': 9}, 0.0)
    assert incidents.rise({'late': 1}, 1.0) == {'late': 1}
    assert incidents.rise({'late': 1}, 2.0 + RECENT) == {}


@pytest.mark.parametrize('name', [*WARNINGS, *NOTES])
def test_every_incident_names_the_topic(name: str) -> None:
    rise = {name: 3, 'received': 3}
    [told] = warnings('/x/image', rise) + notes('/x/image', rise)
    assert '/x/image' in told


def test_missing_messages_are_told_as_a_share_and_few_are_not_told() -> None:
    [told] = warnings('/x', {'missing': 3, 'received': 7})
    assert told.startswith('30%')
    assert warnings('/x', {'missing': 1, 'received': 99}) == []


def test_messages_that_count_for_nothing_are_refused() -> None:
    assert refused({'received': 3, 'zero_stamp': 3})
    assert not refused({'received': 3, 'late': 3})
