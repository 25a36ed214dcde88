"""Trust by plain statistics: which way, and how soon, it falls outside of the training range."""

from __future__ import annotations

import pytest

from dcmd_ros.network.quality import confidence

USUAL = {'detail': (5.0, 10.0), 'brightness': (100.0, 200.0), 'disagreement': (0.0, 0.02)}


def test_inside_the_range_and_without_a_range_trust_is_whole() -> None:
    assert confidence({'detail': 7.0, 'brightness': 150.0}, USUAL) == 1.0
    assert confidence({'detail': 7.0, 'saturation': 0.9}, USUAL) == 1.0
    assert confidence({}, USUAL) == 0.0


@pytest.mark.parametrize('brightness', [50.0, 400.0])
def test_an_octave_of_brightness_either_way_halves_it(brightness: float) -> None:
    assert confidence({'brightness': brightness}, USUAL) == pytest.approx(0.5, abs=0.01)


def test_noise_is_doubted_twice_as_soon_as_blur() -> None:
    """Half the detail is an octave below; twice is one above, and counts as two."""
    blurred, noisy = (confidence({'detail': d}, USUAL) for d in (5.3 / 2 - 0.3, 20.6 - 0.3))
    assert blurred == pytest.approx(0.5, abs=0.01)
    assert noisy == pytest.approx(0.5 ** 4, abs=0.01)


def test_parts_that_agree_better_than_ever_are_not_doubted() -> None:
    usual = {'disagreement': (0.1, 0.2)}
    assert confidence({'disagreement': 0.0}, usual) == 1.0
    assert confidence({'disagreement': 0.42}, usual) == pytest.approx(0.5 ** 4, abs=0.01)
