"""Messages that a steady sensor owed."""

import pytest

from dcmd_ros.stream.gaps import REORDERED, Gaps

MS = 1_000_000


def missing(*stamps: int) -> int:
    """Of this stream, stamps in milliseconds, and enough messages after it."""
    gaps = Gaps()
    after = [stamps[-1] + 50 * n for n in range(1, REORDERED + 1)]
    return sum(gaps.missing(stamp * MS) for stamp in (*stamps, *after))


STEADY = [1000, 1050, 1100, 1150, 1200, 1250]


@pytest.mark.parametrize(('stamp', 'count'), [
    (1300, 0), (1320, 0), (1350, 1), (1550, 5), (1800, 0), (1250, 0), (400, 0), (0, 0)])
def test_holes_in_the_stamps_are_missing_messages(stamp: int, count: int) -> None:
    assert missing(*STEADY, stamp) == count


def test_messages_in_a_wrong_order_are_not_missing() -> None:
    assert missing(*STEADY, 1350, 1300, 1450, 1400) == 0
    assert missing(*STEADY, 1400, 1300, 1500, 1450) == 1


def test_without_a_known_period_nothing_is_missing() -> None:
    assert missing(1000, 1050, 1300, 1350) == 0


def test_holes_count_on_after_a_jump_back() -> None:
    assert missing(*(stamp + 9000 for stamp in STEADY), *STEADY, 1350) == 1


def test_a_slower_rate_is_believed_in_the_end() -> None:
    gaps = Gaps()
    for stamp in STEADY:
        gaps.missing(stamp * MS)
    slower = [gaps.missing((1250 + n * 100) * MS) for n in range(1, 60)]
    assert sum(slower) > 0
    assert slower[-1] == 0
