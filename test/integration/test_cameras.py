"""Each camera's preset takes exactly its driver's messages: config/cameras against the drivers."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from driver_shapes import FAR, HOLE, NEAR, RGB, SHAPES, FakeDriver, Shape, called
from live import Bench, BrightSpots, inspector

from dcmd_ros.commands.camera_options import ros_arguments
from dcmd_ros.frame import MODALITIES, Frame
from dcmd_ros.framing.shot import nanoseconds
from dcmd_ros.inspection import Inspection

pytestmark = pytest.mark.usefixtures('ros_domain', 'quick')

FPS, SHOTS = 10.0, 2.0  # frames, shots a second
STREAMING = [name for name in SHAPES if name != 'zivid']
SMALL = 60, 80
HALF = 600, 972  # every other pixel; a busy middleware is too slow for whole shots of 46 MB


class Keeping(BrightSpots):
    """Remembers what it was given last."""

    frame: Frame | None = None

    def inspect(self, frame: Frame, *args: object, **kwargs: object) -> Inspection:
        Keeping.frame = frame
        return super().inspect(frame, *args, **kwargs)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    Keeping.frame = None


def preset(camera: str, camera_name: str | None = None) -> list[str]:
    """What `inspect --camera` gives to ROS."""
    return ros_arguments(Namespace(camera=camera, camera_name=camera_name, ros_args=[]))


def is_well(bench: Bench) -> bool:
    """Both sensors in the last result, and nothing to complain of."""
    return bench.last().get('mode') == 'both' and all(
        (bench.last(m)['state'], bench.status(m)['level']) == ('ok', '0') for m in MODALITIES)


def is_seen() -> bool:
    """Whether the detector got a frame with its calibration."""
    return Keeping.frame is not None and Keeping.frame.intrinsics is not None


def is_idle(bench: Bench) -> bool:
    return all(bench.status(m).get('state') == 'idle' for m in MODALITIES)


def stamps(bench: Bench) -> list[int]:
    """Of the results, nanoseconds."""
    return [nanoseconds(result.header.stamp) for result in bench.results]


def check_frame(shape: Shape) -> None:
    """The detector saw the driver's colours and distances, where they were, and no hole."""
    frame = Keeping.frame
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
        bench.stream(lambda: is_well(bench) and is_seen(), fps=FPS, publish=driver.publish)
        check_frame(SHAPES[camera])


def test_a_shot_of_zivid_gives_one_result_and_silence_is_idle() -> None:
    shape = replace(SHAPES['zivid'], size=HALF)
    with Bench(publishes=False) as bench, \
            inspector(load=Keeping, ros_args=preset('zivid'), deadline=10.0, lost_after=1.0):
        driver = FakeDriver(bench.node, shape)
        bench.stream(lambda: is_seen() and bench.last().get('mode') == 'both', fps=SHOTS,
                     publish=driver.publish)
        bench.wait_for(lambda: is_idle(bench))
        shot = time.time_ns()
        driver.publish(shot)
        bench.wait_for(lambda: stamps(bench)[-1] == shot)
        assert bench.last()['mode'] == 'both'
        check_frame(shape)
        bench.diagnostics.clear()
        bench.wait_for(lambda: is_idle(bench))
        assert stamps(bench).count(shot) == 1 and stamps(bench)[-1] == shot


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
