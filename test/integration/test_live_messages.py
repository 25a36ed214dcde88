"""Live faults, messages that are not what they should be: named, counted, got over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from live import Bench, inspector
from rig import ALONE, ERROR, SENSORS, WARN, Rig, rig, synthetic
from sensor_msgs.msg import Image

from dcmd_ros.nodes.source import SourceFrame

pytestmark = pytest.mark.usefixtures('ros_domain', 'quick')


@SENSORS
def test_malformed_messages(sensor: str) -> None:
    with rig() as live:
        live.fault(f'malformed {sensor}')
        live.goes_on(ALONE[sensor], **{sensor: 'degraded'})
        live.says(sensor, ERROR, f'/{sensor}/image: ', state='degraded')
        live.counts(sensor, 'data', 3)
        live.counts(sensor, 'step', 3)
        live.recovers()


@SENSORS
def test_wrong_encoding(sensor: str) -> None:
    with rig() as live:
        live.fault(f'encoding {sensor}')
        live.goes_on(ALONE[sensor], **{sensor: 'degraded'})
        live.says(sensor, ERROR, f'/{sensor}/image: ', 'no_such_encoding', state='degraded')
        live.counts(sensor, 'encoding', 3)
        live.recovers()


@pytest.mark.parametrize(('sensor', 'width'), [('rgb', 32), ('depth', 64)])
def test_size_changes_mid_stream(sensor: str, width: int) -> None:
    with rig() as live:
        maps = live.bench.collect(Image, 'anomaly_map')
        live.fault(f'size {sensor} 0.5')
        live.says(sensor, WARN, f'/{sensor}/camera_info changed', state='ok')
        live.counts(sensor, 'camera_info_changed')
        live.goes_on('both')
        live.bench.wait_for(lambda: maps and maps[-1].width == width)
        live.recovers()
        live.bench.wait_for(lambda: maps[-1].width == 64)


def test_camera_info_comes_late() -> None:
    known: list[bool] = []

    def parts() -> Iterator[SourceFrame]:
        for part in synthetic():
            yield replace(part, depth=part.depth[::2, ::2],
                          intrinsics=part.intrinsics if known else None)
    with rig(parts=parts(), healthy=False) as live:
        live.goes_on('rgb_only', depth='degraded')
        live.says('rgb', WARN, 'no CameraInfo on /rgb/camera_info yet')
        live.says('depth', ERROR, 'no CameraInfo on /depth/camera_info yet',
                  '/depth/image: depth is 32x24, colour 64x48')
        live.begin()
        live.counts('depth', 'calibration', 3)
        known.append(True)
        live.healthy()


def test_qos_mismatch() -> None:
    with Bench(reliable=False) as bench, inspector(input_reliability='reliable'):
        live = Rig(bench, wait=bench.stream)
        live.begin()
        for sensor in ALONE:
            live.says(sensor, ERROR, f'QoS mismatch on /{sensor}/image')
            live.counts(sensor, 'qos_mismatch')
        assert bench.results == []
        bench.advertise(reliable=True)
        live.healthy()
