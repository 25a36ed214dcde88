"""The estimate of a sensor's period."""

import itertools

import numpy as np
import pytest
from scripted import MS, SECOND

from dcmd_ros.stream.period import Period


def fed(stamps: list[int]) -> Period:
    period = Period()
    for stamp in stamps:
        period.add(stamp)
    return period


def test_it_is_unknown_until_three_differences_were_seen() -> None:
    assert fed([0, 33, 66]).value is None
    assert fed([0, 33, 66, 99]).value == 33


@pytest.mark.parametrize('loss', [0.3, 0.5])
def test_random_losses_do_not_move_it(loss: float) -> None:
    rng = np.random.default_rng(1)
    period, wrong = Period(), 0
    for index in range(3000):
        if rng.random() >= loss:
            period.add(index * 33 * MS)
            wrong += period.value not in (None, 33 * MS)
    assert wrong <= 0.05 * 3000 * loss


def test_jitter_moves_it_by_a_tenth_at_most() -> None:
    rng = np.random.default_rng(2)
    period = Period()
    for index in range(1000):
        period.add(index * 33 * MS + int(rng.normal(0, 3 * MS)))
        if index > 20:
            assert period.value == pytest.approx(33 * MS, rel=0.25)


def test_one_message_too_many_does_not_move_it() -> None:
    assert fed([*range(0, 330, 33), 300, *range(330, 660, 33)]).value == 33


def test_it_follows_a_new_rate() -> None:
    fast = [index * 33 * MS for index in range(30)]
    slow = [fast[-1] + index * 200 * MS for index in range(1, 16)]
    assert fed(fast + slow).value == 200 * MS
    assert fed(slow + [slow[-1] + index * 33 * MS for index in range(1, 16)]).value == 33 * MS


def test_an_interruption_is_not_a_period() -> None:
    stamps = itertools.accumulate([0, *[6 * SECOND] * 5])
    assert fed(list(stamps)).value is None


def test_a_restart_keeps_the_estimate_and_forgets_the_last_stamp() -> None:
    period = fed([0, 33, 66, 99])
    period.restart()
    for stamp in (10_000, 10_033, 10_066, 10_099):
        period.add(stamp)
    assert period.value == 33
