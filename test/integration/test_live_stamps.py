"""Live faults of time: late, offset, unequal, jumping and zero stamps, a clock that stands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from live import Bench, inspector, values
from rclpy.qos import QoSProfile
from rig import ALONE, ERROR, OK, SENSORS, WARN, Rig, rig, synthetic
from rosgraph_msgs.msg import Clock

from dcmd_ros.nodes.source import SourceFrame

pytestmark = pytest.mark.usefixtures('ros_domain', 'quick')


@SENSORS
def test_late_beyond_the_deadline(sensor: str) -> None:
    with rig() as live:
        live.fault(f'delay {sensor} 300ms')
        live.goes_on(ALONE[sensor], **{sensor: 'late'})
        live.says(sensor, WARN, f'messages on /{sensor}/image come too late', state='late')
        live.counts(sensor, 'late', 5)
        live.recovers()


def test_constant_offset() -> None:
    with rig() as live:
        live.fault('offset depth 40ms')
        live.goes_on('rgb_only', depth='unsynchronised')
        live.says('depth', ERROR, '/depth/image never finds its partner: depth is +0.0400 s',
                  'set depth_offset to -0.0400', state='unsynchronised')
        live.counts('depth', 'unsynchronised', 5)
        live.recovers()


def test_constant_offset_is_cured_by_the_parameter_that_is_named() -> None:
    with rig() as live:
        live.fault('offset depth 40ms')
        live.says('depth', ERROR, 'set depth_offset to -0.0400')
        assert live.bench.set_parameter('depth_offset', -0.04).successful
        live.begin()
        live.healthy()


def test_30_hz_with_15_hz() -> None:
    halved: list[bool] = []

    def parts() -> Iterator[SourceFrame]:
        for number, part in enumerate(synthetic()):
            yield replace(part, depth=None) if halved and number % 2 else part
    with rig(parts=parts(), fps=30.0) as live:
        live.begin()
        halved.append(True)
        live.counts('rgb', 'skipped_rate', 5)
        live.begin()
        live.counts('rgb', 'skipped_rate', 30)
        live.bench.wait_for(
            lambda: live.risen('pairing', 'rgb_alone') < live.risen('rgb', 'skipped_rate'))
        live.goes_on('both', rgb='ok', depth='ok')
        live.says('rgb', OK, 'Hz on /rgb/image', 'the other sensor is slower')
        halved.clear()
        live.healthy()
        live.bench.wait_for(lambda: 'slower' not in live.bench.status('rgb')['message'])


@pytest.mark.parametrize(('seconds', 'there', 'back'), [(-10, 'back', 'forward'),
                                                       (10, 'forward', 'back')])
def test_stamps_jump(seconds: int, there: str, back: str) -> None:
    with rig() as live:
        live.fault(f'stamp_jump rgb {seconds}s, stamp_jump depth {seconds}s')
        for sensor in ALONE:
            live.says(sensor, WARN, f'the stamps on /{sensor}/image jumped {there}', state='ok')
            live.counts(sensor, f'jump_{there}')
        live.goes_on('both', rgb='ok', depth='ok')
        live.bench.wait_for(
            lambda: abs(float(live.bench.last()['stamp']) - time.time() - seconds) < 5)
        live.recovers()
        live.counts('rgb', f'jump_{back}')


@SENSORS
def test_stamps_of_one_sensor_jump_back(sensor: str) -> None:
    offset = '+' if sensor == 'rgb' else '-'
    with rig() as live:
        live.fault(f'stamp_jump {sensor} -10s')
        live.goes_on('rgb_only', depth='unsynchronised')
        live.says('depth', ERROR, f'/depth/image never finds its partner: depth is {offset}10.0')
        live.counts(sensor, 'jump_back')
        live.recovers()


@SENSORS
def test_zero_stamps(sensor: str) -> None:
    with rig() as live:
        live.fault(f'stamp_jump {sensor} -1e10s')
        live.goes_on(ALONE[sensor], **{sensor: 'lost'})
        live.says(sensor, ERROR, f'no message on /{sensor}/image can be used',
                  f'messages on /{sensor}/image have no stamp', state='lost')
        live.counts(sensor, 'zero_stamp', 3)
        live.recovers()


def test_zero_stamps_of_both_sensors() -> None:
    with rig() as live:
        live.fault('stamp_jump rgb -1e10s, stamp_jump depth -1e10s')
        for sensor in ALONE:
            live.says(sensor, ERROR, f'no message on /{sensor}/image can be used',
                      f'messages on /{sensor}/image have no stamp', state='lost')
        live.recovers()


def test_paused_clock() -> None:
    with Bench() as bench, inspector(use_sim_time=True, lost_after=0.2):
        clock = bench.node.create_publisher(Clock, '/clock', QoSProfile(depth=10))
        simulated = {'now': 0}
        states: set[str] = set()
        bench.listen(DiagnosticArray, '/diagnostics', lambda message: states.update(
            values(status).get('state', '') for status in message.status))

        def tick(stamp: int) -> None:
            simulated['now'] += 33_000_000
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(simulated['now'], 10**9)
            clock.publish(message)
            bench.publish(simulated['now'])
        running = Rig(bench, wait=lambda done: bench.stream(done, publish=tick))
        running.healthy()
        paused = Rig(bench)

        def nobody_is_lost() -> bool:
            states.clear()
            paused.begin()
            for sensor in ALONE:
                paused.says(sensor, WARN, f'/clock stands still; /{sensor}/image is not judged',
                            state='paused')
            bench.wait_for(lambda: float(bench.status('rgb')['age_s']) > 2)
            running.begin()
            running.healthy()
            return 'lost' not in states
        # again where the machine stalled: the clock may then reach the node before the images
        assert any(nobody_is_lost() for _ in range(3))
