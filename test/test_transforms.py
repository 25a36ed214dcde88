"""The pose of the point cloud's frame as a matrix."""

import numpy as np
import pytest

from dcmd_ros.framing.transforms import matrix


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    half = np.sqrt(0.5)
    turned = matrix([1, 2, 3, 0, 0, half, half]) @ [1, 0, 0, 1]
    assert turned == pytest.approx([1, 3, 3, 1])


def test_a_quarter_turn_about_x_takes_y_to_z() -> None:
    half = np.sqrt(0.5)
    assert matrix([0, 0, 0, half, 0, 0, half])[:3, :3] @ [0, 1, 0] == pytest.approx([0, 0, 1])


def test_a_quarter_turn_about_y_takes_z_to_x() -> None:
    half = np.sqrt(0.5)
    assert matrix([0, 0, 0, 0, half, 0, half])[:3, :3] @ [0, 0, 1] == pytest.approx([1, 0, 0])
