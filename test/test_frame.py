import numpy as np

from dcmd_ros.frame import Frame

RGB = np.zeros((4, 6, 3), np.uint8)
DEPTH = np.ones((4, 6), np.float32)


def test_mode_follows_what_is_there() -> None:
    assert Frame(0, rgb=RGB, depth=DEPTH).mode == 'both'
    assert Frame(0, rgb=RGB).mode == 'rgb_only'
    assert Frame(0, depth=DEPTH).mode == 'depth_only'
    assert Frame(0, xyz=np.zeros((4, 6, 3), np.float32)).present == ('depth',)
    assert Frame(0).mode is None


def test_size_is_rgbs_else_depths() -> None:
    assert Frame(0, rgb=RGB, depth=DEPTH).size == (4, 6)
    assert Frame(0, depth=DEPTH[:2]).size == (2, 6)
    assert Frame(0).size == (0, 0)
