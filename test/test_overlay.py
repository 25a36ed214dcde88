"""The picture for people."""

import numpy as np
import pytest
from std_msgs.msg import Header

from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.overlay import background, draw_overlay, heat, lines
from dcmd_ros.nodes.result import Result, Sensor

SIZE = (240, 320)
GREY = np.full((*SIZE, 3), 100, np.uint8)


def result(frame: Frame, scores: np.ndarray, verdict: str = 'good', depth: str = 'ok') -> Result:
    judged = Inspection(
        0, '', frame.mode, verdict, float(np.nanmax(scores)), scores,
        np.where(np.nan_to_num(scores) >= 0.5, 255, 0).astype(np.uint8),
        {'rgb': 0.98, 'depth': float('nan') if frame.depth is None else 0.5})
    sensors = {'rgb': Sensor('ok', 0.98, 0, 1.0),
               'depth': Sensor(depth, stamp=None if frame.depth is None else 0)}
    return Result(Header(), frame, judged, sensors, 1.0)


def test_heat_reddens_what_is_anomalous_and_leaves_the_rest_and_nan_alone() -> None:
    scores = np.zeros(SIZE, np.float32)
    scores[100:140, 100:140] = 1
    scores[200:, 200:] = np.nan
    picture = heat(GREY, scores)
    assert picture[120, 120, 0] > 110 > 50 > picture[120, 120, 2]
    assert (picture[50, 50] == 100).all()
    assert (picture[220, 250] == 100).all()


def test_the_camera_image_is_not_drawn_into() -> None:
    draw_overlay(result(Frame(0, rgb=GREY), np.ones(SIZE, np.float32)))
    assert (GREY == 100).all()


def test_depth_alone_is_drawn_in_grey_with_near_bright_and_missing_black() -> None:
    depth = np.full(SIZE, 1.0, np.float32)
    depth[:, :100] = 0.5
    depth[:, 300:] = 0
    picture = background(Frame(0, depth=depth))
    assert picture[0, 50, 0] > picture[0, 200, 0] > picture[0, 310, 0] == 0


def test_depth_without_a_single_value_is_black() -> None:
    assert not background(Frame(0, depth=np.zeros(SIZE, np.float32))).any()


def test_a_degraded_result_says_so_and_which_sensor_is_missing() -> None:
    shown = result(Frame(0, rgb=GREY), np.full(SIZE, 0.2, np.float32), depth='lost')
    assert lines(shown) == ['GOOD 0.20', 'RGB ONLY  DEGRADED: depth lost', 'confidence rgb 0.98']


def test_the_outline_and_the_words_are_drawn() -> None:
    scores = np.zeros(SIZE, np.float32)
    scores[150:200, 150:200] = 0.9
    picture = draw_overlay(result(Frame(0, rgb=GREY), scores, 'anomalous'))
    assert picture.shape == (*SIZE, 3)
    assert picture.dtype == np.uint8
    assert (picture[150, 160] == 255).all()
    assert (picture[:30] == 255).any()


@pytest.mark.parametrize('size', [(48, 64), (1080, 1920)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    frame = Frame(0, rgb=np.zeros((*size, 3), np.uint8))
    shown = result(frame, np.full(size, 0.1, np.float32))
    assert draw_overlay(shown).shape == (*size, 3)
