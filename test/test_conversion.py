"""Messages to frames: what is registered, refused, named and left out."""

from types import SimpleNamespace

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header

from dcmd_ros.framing.camera_infos import CameraInfos
from dcmd_ros.framing.conversion import Converter
from dcmd_ros.framing.shot import Arrival, Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes.parameters import TABLE, Settings
from dcmd_ros.nodes.transforms import Transforms
from dcmd_ros.sensing.cloud import fill_cloud
from dcmd_ros.sensing.codec import fill_image

OPTICAL = 'camera_color_optical_frame'
SIZE = (48, 64)


def settings(**changes: object) -> Settings:
    return Settings(**{**{s.attribute: s.default for s in TABLE}, **changes})


def header(frame_id: str = OPTICAL, stamp: int = 7) -> Header:
    made = Header(frame_id=frame_id)
    made.stamp.nanosec = stamp
    return made


def image(array: np.ndarray, encoding: str, **fields: object) -> Image:
    message = Image(header=header(**fields))
    fill_image(message, array, encoding)
    return message


def info(size: tuple[int, int] = SIZE, focal: float = 60.0, **fields: object) -> CameraInfo:
    height, width = size
    return CameraInfo(
        header=header(), height=height, width=width, distortion_model='plumb_bob',
        **{'k': [focal, 0, width / 2, 0, focal, height / 2, 0, 0, 1], 'd': [0.0] * 5, **fields})


def rgb(size: tuple[int, int] = SIZE, **fields: object) -> Image:
    return image(np.full((*size, 3), 90, np.uint8), 'rgb8', **fields)


def depth(size: tuple[int, int] = SIZE, metres: float = 0.5, **fields: object) -> Image:
    return image(np.full(size, metres, np.float32), '32FC1', **fields)


def shot(rgb_message: object = None, depth_message: object = None) -> Shot:
    made = [None if m is None else Arrival(m, 0) for m in (rgb_message, depth_message)]
    return Shot(*made, 0, {'rgb': 'ok', 'depth': 'ok'})


@pytest.fixture
def bench() -> SimpleNamespace:
    tally = Tally()
    infos = CameraInfos(tally)
    return SimpleNamespace(tally=tally, infos=infos,
                           converter=Converter(infos, tally, Transforms(None)))


def test_both_messages_make_a_frame_with_rgbs_stamp(bench) -> None:
    frame = bench.converter.frame(shot(rgb(stamp=5), depth(stamp=9)), settings())
    assert (frame.mode, frame.stamp, frame.frame_id) == ('both', 5, OPTICAL)
    assert frame.rgb.shape == (*SIZE, 3)
    assert (frame.depth == 0.5).all()


def test_depth_alone_keeps_its_own_stamp(bench) -> None:
    frame = bench.converter.frame(shot(None, depth(stamp=9)), settings())
    assert (frame.mode, frame.stamp) == ('depth_only', 9)


def test_a_malformed_depth_is_named_by_topic_and_rgb_goes_on_alone(bench) -> None:
    broken = depth()
    broken.step = 3
    bench.converter.topics = {'rgb': '/cell/rgb', 'depth': '/cell/depth'}
    frame = bench.converter.frame(shot(rgb(), broken), settings())
    assert frame.mode == 'rgb_only'
    assert bench.tally.counts('depth') == {'step': 1}
    assert bench.tally.standing('depth').startswith('/cell/depth: ')
    bench.converter.frame(shot(rgb(), depth()), settings())
    assert bench.tally.standing('depth') == ''
    assert bench.tally.last_error('depth').startswith('/cell/depth: ')


def test_a_malformed_rgb_leaves_depth_with_its_own_header(bench) -> None:
    frame = bench.converter.frame(shot(
        Image(header=header(stamp=5), encoding='rgb8'), depth(stamp=9)), settings())
    assert (frame.mode, frame.stamp) == ('depth_only', 9)
    assert bench.tally.counts('rgb') == {'size': 1}


def test_nothing_readable_makes_no_frame(bench) -> None:
    assert bench.converter.frame(shot(Image(), None), settings()) is None


def test_an_error_of_ours_while_reading_is_counted_too(bench) -> None:
    assert bench.converter.frame(shot('no message', None), settings()) is None
    assert bench.tally.counts('rgb') == {'internal': 1}


def test_depth_of_another_frame_is_refused_with_both_names_and_the_cure(bench) -> None:
    frame = bench.converter.frame(
        shot(rgb(), depth(frame_id='camera_depth_optical_frame')), settings())
    assert frame.mode == 'rgb_only'
    told = bench.tally.standing('depth')
    assert OPTICAL in told
    assert 'camera_depth_optical_frame' in told
    assert 'align_depth.enable' in told


def test_depth_of_another_size_is_brought_to_rgbs_by_the_intrinsics(bench) -> None:
    bench.infos.update('rgb', info())
    bench.infos.update('depth', info((24, 32), 30.0))
    frame = bench.converter.frame(shot(rgb(), depth((24, 32))), settings())
    assert frame.depth.shape == SIZE
    assert (frame.depth > 0).mean() > 0.9


@pytest.mark.parametrize('known', [(), ('rgb',), ('depth',)])
def test_depth_of_another_size_without_both_calibrations_is_refused(bench, known) -> None:
    for modality in known:
        bench.infos.update(modality, info(SIZE if modality == 'rgb' else (24, 32)))
    frame = bench.converter.frame(shot(rgb(), depth((24, 32))), settings())
    assert frame.mode == 'rgb_only'
    assert 'CameraInfo' in bench.tally.standing('depth')


def test_intrinsics_come_with_a_fitting_calibration_only(bench) -> None:
    assert bench.converter.frame(shot(rgb()), settings()).intrinsics is None
    bench.infos.update('rgb', info())
    assert bench.converter.frame(shot(rgb()), settings()).intrinsics.fx == 60
    assert bench.converter.frame(shot(rgb((24, 32))), settings()).intrinsics is None
    assert '32x24' in bench.infos.refused['rgb']
    bench.converter.frame(shot(rgb()), settings())
    assert not bench.infos.refused


def test_rgbs_calibration_serves_for_registered_depth_alone(bench) -> None:
    bench.infos.update('rgb', info())
    assert bench.converter.frame(shot(None, depth()), settings()).intrinsics.fx == 60


def test_a_distorted_lens_bends_the_points(bench) -> None:
    bench.infos.update('rgb', info(d=[0.2, 0.0, 0.0, 0.0, 0.0]))
    frame = bench.converter.frame(shot(rgb(), depth()), settings())
    straight = (0 - 32) / 60 * 0.5
    assert frame.xyz[0, 0, 0] != pytest.approx(straight, rel=0.01)
    assert frame.xyz[24, 32] == pytest.approx((0, 0, 0.5), abs=1e-6)


def cloud(frame_id: str = OPTICAL, rows: int = SIZE[0]) -> PointCloud2:
    v, u = np.mgrid[:SIZE[0], :SIZE[1]]
    xyz = np.stack([(u - 32) / 60 * 0.5, (v - 24) / 60 * 0.5, np.full(SIZE, 0.5)], axis=-1)
    xyz = xyz.astype(np.float32).reshape(rows, -1, 3)
    message = PointCloud2(header=header(frame_id))
    fill_cloud(message, xyz, None, np.zeros(xyz.shape[:2], np.float32))
    return message


POINTS = settings(geometry_source='points')


def test_an_organised_cloud_is_the_geometry_itself(bench) -> None:
    frame = bench.converter.frame(shot(rgb(), cloud()), POINTS)
    assert frame.mode == 'both'
    assert frame.xyz[0, 0] == pytest.approx((-32 / 120, -24 / 120, 0.5), abs=1e-5)


def test_an_unorganised_cloud_is_projected_and_needs_a_calibration(bench) -> None:
    assert bench.converter.frame(shot(rgb(), cloud(rows=1)), POINTS).mode == 'rgb_only'
    assert 'rgb/camera_info' in bench.tally.standing('depth')
    bench.infos.update('rgb', info())
    frame = bench.converter.frame(shot(rgb(), cloud(rows=1)), POINTS)
    assert frame.depth.shape == SIZE
    assert np.median(frame.depth) == pytest.approx(0.5)


def test_a_cloud_of_another_frame_needs_the_transform(bench) -> None:
    bench.infos.update('rgb', info())
    message = cloud('depth_frame')
    assert bench.converter.frame(shot(rgb(), message), POINTS).mode == 'rgb_only'
    assert 'points_to_rgb' in bench.tally.standing('depth')
    moved = settings(geometry_source='points', points_to_rgb=[0, 0, 0.1, 0, 0, 0, 1])
    frame = bench.converter.frame(shot(rgb(), message), moved)
    assert np.median(frame.depth[frame.depth > 0]) == pytest.approx(0.6)
