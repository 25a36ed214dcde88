"""Whether the stamps of the sensors meet, and the offset between them."""

import pytest
from scripted import MS, SECOND

from dcmd_ros.frame import Modality
from dcmd_ros.stream.agreement import MEETINGS, PATIENCE, Agreement

PERIOD = 33 * MS


def apart(agreement: Agreement, count: int, offset: int, start: int = 0) -> None:
    """`count` messages of both that arrive together, depth's stamps `offset` later."""
    for index in range(start, start + count):
        now = index * PERIOD
        agreement.note('rgb', now, now, None)
        agreement.note('depth', now + offset, now + 2 * MS, None)


def test_it_breaks_when_both_sent_ten_messages_that_met_nothing() -> None:
    agreement = Agreement()
    apart(agreement, PATIENCE - 1, 15 * MS)
    assert not agreement.broken
    apart(agreement, 1, 15 * MS, PATIENCE)
    assert agreement.broken


def test_one_sensor_without_the_other_breaks_nothing() -> None:
    agreement = Agreement()
    for index in range(5 * PATIENCE):
        agreement.note('rgb', index * PERIOD, index * PERIOD, None)
    assert not agreement.broken


def test_one_meeting_in_ten_keeps_it() -> None:
    agreement = Agreement()
    for _ in range(4):
        apart(agreement, PATIENCE - 1, 15 * MS)
        agreement.note('rgb', 0, 0, 0)
    assert not agreement.broken


def test_two_meetings_mend_it_and_one_does_not() -> None:
    agreement = Agreement()
    for _ in range(9):
        agreement.note('rgb', 0, 0, 0)
    apart(agreement, PATIENCE, 15 * MS)
    for _ in range(MEETINGS - 1):
        agreement.note('rgb', 0, 0, 0)
        assert agreement.broken
    agreement.note('rgb', 0, 0, 0)
    assert not agreement.broken


def test_the_offset_is_unknown_before_both_came() -> None:
    agreement = Agreement()
    agreement.note('rgb', 0, 0, None)
    assert agreement.offset is None


@pytest.mark.parametrize('offset', [15 * MS, -15 * MS, 50 * MS, -50 * MS, 100 * SECOND,
                                    -100 * SECOND])
def test_messages_that_do_not_meet_are_compared_by_arrival(offset: int) -> None:
    agreement = Agreement()
    apart(agreement, 20, offset)
    assert agreement.offset == offset


def test_messages_that_meet_tell_the_offset_whatever_their_arrival() -> None:
    agreement = Agreement()
    for index in range(20):
        now = index * PERIOD
        agreement.note('rgb', now, now, None)
        agreement.note('depth', now + 5 * MS, now + 30 * MS, now)
    assert agreement.offset == 5 * MS


def test_the_offset_is_a_median() -> None:
    agreement = Agreement()
    for difference in (4, 5, 6, 5, 900):
        agreement.note('depth', 1000 + difference, 0, 1000)
    assert agreement.offset == 5


@pytest.mark.parametrize('second', ['rgb', 'depth'])
def test_the_offset_is_depths_stamp_minus_rgbs_whichever_comes_second(second: Modality) -> None:
    agreement = Agreement()
    stamps = {'rgb': 1000, 'depth': 1005}
    agreement.note(second, stamps[second], 0, stamps['rgb' if second == 'depth' else 'depth'])
    assert agreement.offset == 5


def test_the_offset_before_the_break_does_not_dilute_the_one_after() -> None:
    agreement = Agreement()
    for index in range(40):
        agreement.note('rgb', index * PERIOD, index * PERIOD, None)
        agreement.note('depth', index * PERIOD, index * PERIOD + 20 * MS, index * PERIOD)
    apart(agreement, PATIENCE, 50 * MS, 40)
    assert agreement.broken
    assert agreement.offset == 50 * MS
