"""Statistics of the part: what they see, and how soon trust falls outside of the usual range."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.network.quality import confidence, depth_quality

KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6
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


def test_noise_is_the_parts_own_up_to_its_edge() -> None:
    depth = np.random.default_rng(1).normal(0.5, 0.01, (40, 50)).astype(np.float32)
    depth[12, 14] = 0
    mask = np.zeros(depth.shape, bool)
    mask[10:16, 10:20] = True
    inner = [(row, column) for row in range(10, 16) for column in range(10, 20)
             if (depth[row - 1:row + 2, column - 1:column + 2] > 0).all()]
    rough = [abs(float((KERNEL * depth[row - 1:row + 2, column - 1:column + 2]).sum()))
             for row, column in inner]
    found = depth_quality(depth, mask)
    assert found['seen'] == 59 / 60
    np.testing.assert_allclose(
        found['noise'], np.median(rough) / np.median([depth[place] for place in inner]), rtol=1e-4)


def test_without_a_part_the_view_tells_how_much_was_seen() -> None:
    depth = np.ones((4, 5), np.float32)
    depth[0] = 0
    assert depth_quality(depth, np.zeros(depth.shape, bool)) == {'view_seen': 0.75}
