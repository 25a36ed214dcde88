"""Each camera's preset takes exactly its driver's messages: config/cameras against the drivers."""

from __future__ import annotations

import time
from argparse import Namespace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from driver_shapes import FAR, HOLE, NEAR, RGB, SHAPES, FakeDriver, called
from live import Bench, BrightSpots, inspector

from dcmd_ros.commands.camera_options import ros_arguments
from dcmd_ros.frame import MODALITIES, Frame
from dcmd_ros.inspection import Inspection

pytestmark = pytest.mark.usefixtures('ros_domain', 'quick')

FPS = 10.0
STREAMING = [name for name in SHAPES if name != 'zivid']
SMALL = 60, 80


class Keeping(BrightSpots):
    """Remembers what it was given last."""

    frame: Frame | None = None

    def inspect(self, frame: Frame, *args: object, **kwargs: object) -> Inspection:
        Keeping.frame = frame
        return super().inspect(frame, *args, **kwargs)  # type: ignore[arg-type]


def preset(camera: str, camera_name: str | None = None) -> list[str]:
    """What `inspect --camera` gives to ROS."""
    return ros_arguments(Namespace(camera=camera, camera_name=camera_name, ros_args=[]))


def is_well(bench: Bench) -> bool:
    """Both sensors in the last result, and nothing to complain of."""
    return bench.last().get('mode') == 'both' and all(
        (bench.last(m)['state'], bench.status(m)['level']) == ('ok', '0') for m in MODALITIES)


def check_frame(camera: str) -> None:
    """The detector saw the driver's colours and distances, where they were, and no hole."""
    shape, frame = SHAPES[camera], Keeping.frame
    assert frame is not None and frame.rgb is not None
    height, width = shape.size
    distance = frame.depth if frame.depth is not None else frame.xyz[..., 2]
    assert frame.rgb.shape == (height, width, 3) and distance.shape == (height, width)
    assert (frame.rgb[1:] == RGB).all()
    np.testing.assert_allclose(distance[1, 1], FAR, atol=1e-6)
    np.testing.assert_allclose(distance[height // 2:], NEAR, atol=1e-6)
    assert (distance[HOLE] == 0).all()
    assert frame.intrinsics is not None and frame.intrinsics.width == width
    assert frame.intrinsics.fx == pytest.approx(0.95 * width)
    if any(shape.d):  # the rays bend, so points go with the depth
        assert frame.xyz is not None
    assert frame.frame_id == shape.frame_id.format(shape.name)


@pytest.mark.parametrize('camera', STREAMING)
def test_a_streaming_camera_is_inspected_with_both_sensors(camera: str) -> None:
    with Bench(publishes=False) as bench, inspector(load=Keeping, ros_args=preset(camera)):
        driver = FakeDriver(bench.node, SHAPES[camera])
        bench.stream(lambda: is_well(bench), fps=FPS, publish=driver.publish)
        check_frame(camera)


def test_a_shot_of_zivid_gives_one_result_and_silence_is_idle() -> None:
    with Bench(publishes=False) as bench, \
            inspector(load=Keeping, ros_args=preset('zivid'), lost_after=0.5):
        driver = FakeDriver(bench.node, SHAPES['zivid'])
        for shots in (1, 2):
            bench.wait_for(lambda: driver.is_heard)
            driver.publish(time.time_ns())
            bench.wait_for(lambda shots=shots: len(bench.results) == shots)
            assert bench.last()['mode'] == 'both'
            check_frame('zivid')
            bench.wait_for(lambda: all(
                bench.status(m).get('state') == 'idle' for m in MODALITIES))
        assert len(bench.results) == 2


def test_two_cameras_of_one_driver_beside_each_other() -> None:
    shapes = [called(SHAPES['realsense'], name, SMALL) for name in ('left', 'right')]
    with Bench('left', publishes=False) as bench, \
            inspector(namespace='left', ros_args=preset('realsense', 'left')), \
            inspector(namespace='right', ros_args=preset('realsense', 'right')):
        right: list[DiagnosticArray] = []
        bench.listen(DiagnosticArray, '/right/dcmd_inspector/inspection', right.append)
        drivers = [FakeDriver(bench.node, shape) for shape in shapes]

        def publish(stamp: int) -> None:
            for driver in drivers:
                driver.publish(stamp)
        bench.stream(lambda: is_well(bench) and right and bench.told(right[-1])['mode'] == 'both',
                     fps=FPS, publish=publish)
        assert {r.header.frame_id for r in bench.results} == {'left_color_optical_frame'}
        assert {r.header.frame_id for r in right} == {'right_color_optical_frame'}
        bench.wait_for(lambda: {'left/dcmd_inspector: rgb', 'right/dcmd_inspector: rgb'}
                       <= bench.diagnostics.keys())
