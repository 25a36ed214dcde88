"""Counts, troubles and latencies."""

import math

import pytest

from dcmd_ros.framing.tally import Tally


def test_causes_are_counted_by_part() -> None:
    tally = Tally()
    tally.count('rgb', 'stale')
    tally.count('rgb', 'stale', 2)
    assert tally.counts('rgb') == {'stale': 3}
    assert tally.counts('depth') == {}


def test_a_trouble_stands_until_cleared_and_stays_as_the_last_error() -> None:
    tally = Tally()
    tally.trouble('depth', 'encoding', 'what is this')
    assert (tally.counts('depth'), tally.standing('depth')) == ({'encoding': 1}, 'what is this')
    tally.clear('depth')
    assert (tally.standing('depth'), tally.last_error('depth')) == ('', 'what is this')


def test_latencies_are_told_as_median_95th_and_worst() -> None:
    tally = Tally()
    assert all(math.isnan(value) for value in tally.latencies())
    for milliseconds in range(1, 102):
        tally.latency(milliseconds)
    assert tally.latencies() == pytest.approx((51, 96, 101))


def test_reset_forgets_everything() -> None:
    tally = Tally()
    tally.trouble('rgb', 'x', 'y')
    tally.reset()
    assert (tally.counts('rgb'), tally.standing('rgb'), tally.last_error('rgb')) == ({}, '', '')


def test_counting_nothing_leaves_no_trace() -> None:
    tally = Tally()
    tally.count('rgb', 'lost', 0)
    assert tally.counts('rgb') == {}
