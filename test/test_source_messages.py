"""The messages of a source, field by field."""

import json

import numpy as np
import pytest

from dcmd_ros.frame import Intrinsics
from dcmd_ros.framing.transforms import matrix
from dcmd_ros.nodes.source_messages import (
    camera_info,
    cloud,
    header,
    picture,
    truth_label,
    truth_mask,
)
from dcmd_ros.sensing.camera_model import camera_model
from dcmd_ros.sensing.cloud import decode_cloud
from dcmd_ros.sensing.codec import decode_depth
from dcmd_ros.sensing.faults import Emission
from dcmd_ros.sensing.registration import project_cloud
from dcmd_ros.simulation import simulate
from dcmd_ros.simulation.camera import DEPTH_FRAME_ID, POINTS_TO_RGB

CAMERA = Intrinsics(8, 6, 50.0, 52.0, 3.0, 2.5)
STAMP = 12_000_000_034


def test_a_header_holds_the_stamp_and_the_optical_frame() -> None:
    found = header(STAMP)
    assert (found.stamp.sec, found.stamp.nanosec) == (12, 34)
    assert found.frame_id == 'camera_color_optical_frame'


def test_colour_is_rgb8() -> None:
    image = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    message = picture('rgb', Emission(image, STAMP), '32FC1')
    assert (message.encoding, message.height, message.width, message.step) == ('rgb8', 6, 8, 24)
    assert bytes(message.data) == image.tobytes()


@pytest.mark.parametrize(('encoding', 'error'), [('32FC1', 0), ('16UC1', 5e-4)])
def test_depth_reads_back_in_metres_with_what_is_missing(encoding: str, error: float) -> None:
    depth = np.linspace(0.4, 0.9, 48, dtype=np.float32).reshape(6, 8)
    depth[2, 3] = 0
    message = picture('depth', Emission(depth, STAMP), encoding)
    assert message.encoding == encoding
    assert decode_depth(message) == pytest.approx(depth, abs=error)


def test_message_faults_reach_the_message() -> None:
    image = np.zeros((6, 8, 3), np.uint8)
    message = picture('rgb', Emission(image, STAMP, spoilt=('short',)), '32FC1')
    assert len(message.data) == image.size // 2


def test_the_camera_is_a_pinhole_without_distortion() -> None:
    info = camera_info(Emission(np.zeros((6, 8)), STAMP), CAMERA)
    assert (info.width, info.height, info.distortion_model) == (8, 6, 'plumb_bob')
    assert not np.any(info.d)
    assert info.k.tolist() == [50, 0, 3, 0, 52, 2.5, 0, 0, 1]
    assert info.p.tolist() == [50, 0, 3, 0, 0, 52, 2.5, 0, 0, 0, 1, 0]
    assert info.header == header(STAMP)


def test_an_image_of_twice_the_size_has_a_camera_whose_rays_are_the_same() -> None:
    info = camera_info(Emission(np.zeros((12, 16)), STAMP), CAMERA)
    # the outer edge of the first pixel lies at -0.5 in both
    assert (-0.5 - info.k[2]) / info.k[0] == pytest.approx((-0.5 - CAMERA.cx) / CAMERA.fx)
    assert (11.5 - info.k[5]) / info.k[4] == pytest.approx((5.5 - CAMERA.cy) / CAMERA.fy)


LENSES = pytest.mark.parametrize('lens', [(), (0.2, -0.05, 0.001, 0.002, 0.0)])


@LENSES
def test_a_cloud_in_the_depth_frame_comes_back_to_the_pixels_it_was_made_of(
        lens: tuple[float, ...]) -> None:
    frame = simulate(2, 'sheet', 0, None, (160, 120))
    emission = Emission(frame.depth, STAMP)
    message = cloud(emission, frame.intrinsics, lens)
    assert (message.height, message.width, message.header.frame_id) == (120, 160, DEPTH_FRAME_ID)
    found = decode_cloud(message)
    assert found.organised
    assert np.array_equal(found.points[..., 2] != 0, frame.depth > 0)
    model = camera_model(camera_info(emission, frame.intrinsics, lens))
    depth = project_cloud(found.points, model, matrix(POINTS_TO_RGB))
    both = (depth > 0) & (frame.depth > 0)
    assert both.sum() > 0.97 * (frame.depth > 0).sum()
    assert (np.abs(depth - frame.depth)[both] < 1e-4).mean() > 0.97
    away = project_cloud(found.points, model)
    assert np.abs(away - frame.depth)[both].mean() > 1e-4, 'the frames are not one'


def test_a_cloud_whose_message_is_spoilt_contradicts_itself() -> None:
    message = cloud(Emission(np.ones((6, 8), np.float32), STAMP, spoilt=('short',)), CAMERA)
    assert len(message.data) == message.row_step * message.height // 2


def test_the_lens_is_in_the_camera_info() -> None:
    lens = (0.1, 0.01, 0.001, 0.002, 0.0)
    info = camera_info(Emission(np.zeros((6, 8)), STAMP), CAMERA, lens)
    assert tuple(info.d) == lens and info.distortion_model == 'plumb_bob'


def test_the_truth_is_a_mask_and_a_label_with_the_frames_stamp() -> None:
    truth = np.eye(4, dtype=bool)
    message = truth_mask(truth, STAMP)
    assert message.encoding == 'mono8' and message.header == header(STAMP)
    assert np.array_equal(np.array(message.data).reshape(4, 4), truth * 255)
    assert json.loads(truth_label('bent', 'test/bent/rgb/000.png', STAMP).data) == {
        'stamp': '12.000000034', 'file': 'test/bent/rgb/000.png', 'label': 'bent'}


def test_a_source_may_say_more_about_a_part() -> None:
    told = json.loads(truth_label('bent', 'f', STAMP, {'part': 3, 'group': 'geometry'}).data)
    assert (told['label'], told['part'], told['group']) == ('bent', 3, 'geometry')
