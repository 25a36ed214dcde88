"""Messages that a steady sensor owed."""

import pytest

from dcmd_ros.stream.gaps import Gaps

MS = 1_000_000
SECOND = 1000 * MS
STEADY = [n * 50 * MS + SECOND for n in range(6)]  # ends at 1.25 s


@pytest.mark.parametrize(('stamp', 'missing'), [
    (1300, 0), (1320, 0), (1350, 1), (1550, 5), (1250, 0), (1200, 0), (0, 0), (1800, 0)])
def test_holes_in_the_stamps_are_missing_messages(stamp: int, missing: int) -> None:
    gaps = Gaps()
    assert [gaps.missing(steady) for steady in STEADY] == [0] * 6
    assert gaps.missing(stamp * MS) == missing


def test_without_a_known_period_nothing_is_missing() -> None:
    gaps = Gaps()
    assert [gaps.missing(stamp * MS) for stamp in (1000, 1050, 1300, 1350)] == [0] * 4


def test_a_slower_rate_is_believed_in_the_end() -> None:
    gaps = Gaps()
    for stamp in STEADY:
        gaps.missing(stamp)
    slower = [gaps.missing(STEADY[-1] + n * 100 * MS) for n in range(1, 40)]
    assert slower[0] == 1
    assert slower[-1] == 0
