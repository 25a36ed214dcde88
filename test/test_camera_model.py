"""CameraInfo: which matrix describes which image, windows, binning, and what is refused."""

from typing import Any

import pytest
from sensor_msgs.msg import CameraInfo

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.registration import (
    RegistrationError,
    camera_model,
    check_image_size,
    is_rectified,
)

D = [-0.2, 0.05, 0.001, 0.002, 0.0]


def info(**changes: Any) -> CameraInfo:
    """A distorted 640x480 camera whose rectified image has another pinhole."""
    roi = {k: changes.pop(k) for k in list(changes) if k in (
        'x_offset', 'y_offset', 'roi_width', 'roi_height', 'do_rectify')}
    msg = CameraInfo(**{
        'width': 640, 'height': 480, 'distortion_model': 'plumb_bob', 'd': D,
        'k': [600.0, 0, 320, 0, 610, 240, 0, 0, 1], 'r': [1.0, 0, 0, 0, 1, 0, 0, 0, 1],
        'p': [500.0, 0, 310, 0, 0, 510, 230, 0, 0, 0, 1, 0], **changes})
    for name, value in roi.items():
        setattr(msg.roi, name.removeprefix('roi_'), value)
    return msg


def test_a_raw_image_obeys_k_and_d_a_rectified_one_p() -> None:
    raw = camera_model(info())
    assert raw.intrinsics == Intrinsics(640, 480, 600, 610, 320, 240)
    assert (raw.distortion, raw.D, raw.size) == ('plumb_bob', tuple(D), (480, 640))
    assert raw.distorted
    rectified = camera_model(info(), rectified=True)
    assert rectified.intrinsics == Intrinsics(640, 480, 500, 510, 310, 230)
    assert not rectified.distorted
    assert rectified.D == ()


@pytest.mark.parametrize(('topic', 'expected'), [
    ('/camera/depth/image_rect_raw', True), ('/left/image_rect', True), ('image_rect_color', True),
    ('/zed/rgb/color/rect/image', True), ('/camera/color/image_raw', False),
    ('/correct/image', False), ('/rectangle/image', False)])
def test_rectified_topics_are_known_by_their_name(topic: str, expected: bool) -> None:
    assert is_rectified(topic) is expected


@pytest.mark.parametrize('model', ['plumb_bob', '', 'anything'])
def test_coefficients_that_are_zero_or_absent_are_no_distortion(model: str) -> None:
    for d in ([], [0.0] * 5):
        assert not camera_model(info(d=d, distortion_model=model)).distorted


@pytest.mark.parametrize(('model', 'count', 'kept'), [
    ('plumb_bob', 4, 4), ('rational_polynomial', 8, 8), ('rational_polynomial', 12, 12),
    ('equidistant', 4, 4)])
def test_the_models_of_sensor_msgs_are_read(model: str, count: int, kept: int) -> None:
    read = camera_model(info(distortion_model=model, d=[0.01] * count))
    assert (read.distortion, len(read.D)) == (model, kept)


def test_plumb_bob_with_the_rational_models_coefficients_is_the_rational_model() -> None:
    d = [0.08, -0.11, 0.0003, -0.0002, 0.05, 0.02, -0.01, 0.004]
    read = camera_model(info(distortion_model='plumb_bob', d=d))
    assert (read.distortion, read.D) == ('rational_polynomial', tuple(d))


def test_a_rational_model_with_an_untilted_sensor_is_read() -> None:
    assert len(camera_model(info(distortion_model='rational_polynomial',
                                 d=[0.01] * 12 + [0.0] * 2)).D) == 12


@pytest.mark.parametrize(('model', 'd'), [
    ('kannala_brandt6', [0.1] * 6), ('plumb_bob', [0.1] * 6), ('equidistant', [0.1] * 5),
    ('plumb_bob', [float('nan')] * 5), ('rational_polynomial', [0.1] * 14)])
def test_other_distortion_is_refused_by_name_with_the_cure(model: str, d: list[float]) -> None:
    with pytest.raises(RegistrationError, match=f'depth/camera_info.*{model}.*image_rect') as bad:
        camera_model(info(distortion_model=model, d=d), side='depth')
    assert bad.value.cause == 'distortion'


def test_the_window_is_cut_off_and_then_binned() -> None:
    model = camera_model(info(x_offset=40, y_offset=20, roi_width=400, roi_height=300,
                              binning_x=2, binning_y=4))
    assert model.intrinsics == Intrinsics(200, 75, 300, 152.5, 140, 55)


def test_binning_of_zero_and_an_empty_window_mean_the_whole_image() -> None:
    assert camera_model(info(binning_x=0, binning_y=0)).size == (480, 640)
    assert camera_model(info(binning_x=1, do_rectify=True)).size == (480, 640)


@pytest.mark.parametrize(('changes', 'cause'), [
    ({'k': [0.0] * 9}, 'calibration'),
    ({'k': [0.0, 0, 320, 0, 600, 240, 0, 0, 1]}, 'calibration'),
    ({'k': [600.0, 0, 320, 0, -1, 240, 0, 0, 1]}, 'calibration'),
    ({'k': [float('nan'), 0, 320, 0, 600, 240, 0, 0, 1]}, 'calibration'),
    ({'width': 0}, 'size'), ({'height': 2 ** 31}, 'size'),
    ({'x_offset': 300, 'roi_width': 400, 'roi_height': 300}, 'roi'), ({'x_offset': 5}, 'roi'),
    ({'binning_x': 1000}, 'roi')])
def test_an_impossible_camera_is_refused_naming_its_side(
        changes: dict[str, Any], cause: str) -> None:
    with pytest.raises(RegistrationError, match='^depth/camera_info: ') as refused:
        camera_model(info(**changes), side='depth')
    assert refused.value.cause == cause


@pytest.mark.parametrize(('changes', 'cause'), [
    ({'p': [0.0] * 12}, 'calibration'),
    ({'p': [500.0, 0, 310, -40, 0, 510, 230, 0, 0, 0, 1, 0]}, 'calibration'),
    ({'roi_width': 320, 'roi_height': 240, 'do_rectify': True}, 'roi')])
def test_a_rectified_image_that_cannot_be_placed_is_refused(
        changes: dict[str, Any], cause: str) -> None:
    with pytest.raises(RegistrationError, match='^rgb/camera_info: ') as refused:
        camera_model(info(**changes), rectified=True)
    assert refused.value.cause == cause


def test_a_rectified_image_without_p_obeys_k_where_nothing_is_distorted() -> None:
    assert camera_model(info(p=[0.0] * 12, d=[]), rectified=True).intrinsics.fx == 600


def test_an_image_of_another_size_than_its_calibration_is_refused() -> None:
    model = camera_model(info())
    check_image_size((480, 640, 3), model, 'rgb')
    with pytest.raises(RegistrationError, match='320x240.*640x480') as refused:
        check_image_size((240, 320), model, 'rgb')
    assert refused.value.cause == 'size'
