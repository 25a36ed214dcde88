"""Thresholds from good parts."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.training.calibration import decide


@pytest.mark.parametrize('rate', [0.01, 0.05, 0.1])
def test_new_good_parts_exceed_the_threshold_as_often_as_asked_for(rate: float) -> None:
    rng = np.random.default_rng(0)
    alarms = []
    for _ in range(400):
        threshold, warning = decide(rng.gamma(3, size=199), rate)
        assert not warning
        alarms.append((rng.gamma(3, size=500) >= threshold).mean())
    assert 0.6 * rate < np.mean(alarms) <= 1.05 * rate


def test_too_few_parts_are_warned_of_with_what_they_support() -> None:
    _, warning = decide(np.arange(24.0), 0.01)
    assert '24 held-out' in warning and '4.0%' in warning and '99 are needed' in warning
    assert decide(np.arange(99.0), 0.01)[1] == '' != decide(np.arange(98.0), 0.01)[1]


def test_with_few_parts_the_threshold_lies_above_all_of_them_and_still_holds() -> None:
    rng = np.random.default_rng(1)
    alarms = []
    for _ in range(400):
        scores = rng.gamma(3, size=30)
        threshold, _ = decide(scores, 0.01)
        assert threshold > scores.max()
        alarms.append((rng.gamma(3, size=500) >= threshold).mean())
    assert np.mean(alarms) < 0.03


def test_a_part_that_equals_the_threshold_of_its_own_score_is_good() -> None:
    scores = np.arange(100.0)
    assert (scores >= decide(scores, 0.01)[0]).sum() == 0
