"""Statistics of the part see nothing of what lies off it."""

from __future__ import annotations

import numpy as np

from dcmd_ros.network.quality import depth_quality

KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6


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
