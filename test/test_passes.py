"""Which frames make a part, and what they say of it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from dcmd_ros.stream.passes import Glimpse, Part, Passes

MS = 1_000_000
PERIOD = 33 * MS
NAN = math.nan
GONE = ('absent', NAN)
DEFAULTS = ('whole', NAN, 'both', (0.0, 0.0), 'continue')


def glimpses(frames: Iterable[tuple], begin: int = 0) -> list[Glimpse]:
    """A frame a period, of as many of Glimpse's fields as it gives."""
    return [Glimpse(begin + number * PERIOD, *frame, *DEFAULTS[len(frame):])
            for number, frame in enumerate(frames)]


def parts(frames: Iterable[tuple], passes: Passes | None = None) -> list[Part]:
    passes = passes or Passes()
    found = [part for glimpse in glimpses(frames) for part in passes.add(glimpse)]
    return found + passes.finish()


def whole(*scores: float) -> list[tuple]:
    return [('whole', score) for score in scores]


def test_each_part_is_told_once_with_the_median_of_its_frames() -> None:
    found = parts([GONE, ('cut', NAN), *whole(0.1, 0.3, 0.2), ('cut', NAN), GONE, GONE,
                   ('cut', NAN), *whole(0.9, 0.7, 0.8, 0.9), ('cut', NAN), GONE])
    assert [(p.verdict, p.score, p.frames, p.reject) for p in found] == [
        ('good', 0.2, 3, False), ('anomalous', pytest.approx(0.85), 4, True)]
    assert (found[0].begin, found[0].end) == (2 * PERIOD, 4 * PERIOD)


def test_a_part_is_told_when_it_is_gone_and_not_before() -> None:
    passes = Passes()
    counts = [len(passes.add(g)) for g in glimpses([*whole(0.1, 0.1, 0.1), GONE, GONE, GONE])]
    assert counts == [0, 0, 0, 0, 1, 0]
    assert passes.finish() == []


def test_an_empty_belt_has_no_parts() -> None:
    assert parts([GONE] * 50) == []


def test_a_part_that_was_never_whole_is_not_judged() -> None:
    assert parts([GONE, *[('cut', NAN)] * 9, GONE, GONE]) == []


@pytest.mark.parametrize('bad', [GONE, ('cut', NAN), ('whole', 0.99), ('whole', NAN)])
def test_a_bad_frame_neither_ends_a_pass_nor_turns_it(bad: tuple) -> None:
    [part] = parts([*whole(0.1, 0.2), bad, *whole(0.1, 0.2, 0.1)])
    assert part.verdict == 'good' and part.frames >= 5


def test_a_few_good_frames_do_not_acquit_a_part() -> None:
    [part] = parts(whole(0.9, 0.2, 0.8, 0.1, 0.9))
    assert (part.verdict, part.score) == ('anomalous', 0.8)


def test_what_both_sensors_saw_is_not_outvoted_by_one() -> None:
    [part] = parts([('whole', 0.8)] * 3 + [('whole', 0.1, 'rgb_only')] * 9)
    assert (part.verdict, part.score) == ('anomalous', 0.8)


def test_the_best_frame_is_the_worst_of_a_bad_part_and_the_middle_of_a_good_one() -> None:
    places = [(x / 10, 0.0) for x in range(-3, 4)]
    [good] = parts([('whole', 0.1, 'both', at) for at in places])
    assert good.best.stamp == 3 * PERIOD
    [bad] = parts([('whole', 0.6 + 0.1 * (n == 5), 'both', at) for n, at in enumerate(places)])
    assert bad.best.stamp == 5 * PERIOD


def test_a_silence_of_the_stream_ends_a_pass_and_so_does_a_jump_back() -> None:
    passes = Passes(timeout=500 * MS)
    first, second, third = whole(0.1), whole(0.9), whole(0.2)
    for frame in glimpses(first):
        assert passes.add(frame) == []
    [part] = passes.add(glimpses(second, 600 * MS)[0])
    assert part.verdict == 'good'
    [part] = passes.add(glimpses(third, 100 * MS)[0])
    assert part.verdict == 'anomalous'


def test_a_part_that_stays_is_told_again_and_again() -> None:
    found = parts(whole(*[0.1] * 100), Passes(longest=1000 * MS))
    assert len(found) == 4 and sum(part.frames for part in found) == 100


def standing(score: float, *at: float, count: int = 15) -> list[tuple]:
    return [('whole', score, 'both', (at[0] + 0.002 * (n % 3), at[1])) for n in range(count)]


def test_a_part_that_is_replaced_within_a_frame_is_two_parts() -> None:
    found = parts(standing(0.1, 0.0, 0.0) + standing(0.9, 0.1, 0.05) + standing(0.2, -0.1, 0.0))
    assert [(p.verdict, p.frames) for p in found] == [
        ('good', 15), ('anomalous', 15), ('good', 15)]


@pytest.mark.parametrize('stops', [0, 5, 20])
def test_a_belt_that_moves_stops_and_moves_on_carries_one_part(stops: int) -> None:
    way = [-0.3 + 0.05 * n for n in range(7)]
    places = way + [way[-1]] * stops + [way[-1] + 0.05 * n for n in range(1, 4)]
    [part] = parts([('whole', 0.1, 'both', (x, 0.0)) for x in places])
    assert part.frames == len(places)


def test_a_place_that_trembles_once_is_no_new_part() -> None:
    jump = [('whole', 0.1, 'both', (0.1, 0.0))]
    [part] = parts(standing(0.1, 0.0, 0.0) + jump + standing(0.1, 0.0, 0.0))
    assert part.frames == 31


def test_what_could_not_be_scored_is_unknown_unless_it_is_a_flicker() -> None:
    [part] = parts([GONE, GONE, *whole(NAN, NAN, NAN), GONE, GONE])
    assert part.verdict == 'unknown' and math.isnan(part.score) and not part.reject
    assert parts([GONE, *whole(NAN), GONE, GONE]) == []


@pytest.mark.parametrize(('policies', 'verdict', 'reject'), [
    (['unknown'] * 4, 'unknown', False), (['reject'] * 4, 'unknown', True),
    (['continue'] * 2 + ['reject'] * 2, 'anomalous', True),
    (['continue', 'unknown', 'unknown', 'reject'], 'unknown', True)])
def test_a_policy_withholds_the_part_where_it_withholds_most_of_its_frames(
        policies: list[str], verdict: str, reject: bool) -> None:
    [part] = parts([('whole', 0.9, 'rgb_only', (0.0, 0.0), policy) for policy in policies])
    assert (part.verdict, part.reject) == (verdict, reject)


def test_the_running_verdict_waits_for_a_few_frames() -> None:
    passes = Passes()
    rejects = []
    for frame in glimpses(whole(0.9, 0.1, 0.1, 0.9, 0.9)):
        passes.add(frame)
        rejects.append(passes.running and passes.running.reject)
    assert rejects == [None, None, False, True, True]


@pytest.mark.parametrize(('shot', 'verdict', 'reject'), [
    (('whole', 0.2), 'good', False), (('whole', 0.7), 'anomalous', True), (GONE, 'no_part', False),
    (('cut', 0.0), 'no_part', False), (('whole', NAN), 'unknown', False),
    (('whole', 0.2, 'rgb_only', (0.0, 0.0), 'reject'), 'unknown', True)])
def test_each_triggered_shot_is_a_pass(shot: tuple, verdict: str, reject: bool) -> None:
    [part] = Passes(triggered=True).add(glimpses([shot])[0])
    assert (part.verdict, part.reject, part.frames) == (verdict, reject, 1)
