"""Live faults, a sensor is away or stands still: the other one goes on, and both come back."""

from __future__ import annotations

import pytest
from rig import ALONE, ERROR, REAL, REAL_FPS, SENSORS, WARN, rig, shipped, simulated

pytestmark = pytest.mark.usefixtures('ros_domain', 'quick')
COUNTED = {'rgb': 'depth_alone', 'depth': 'rgb_alone'}


@SENSORS
def test_drop_of_one_sensor(sensor: str) -> None:
    with rig(shipped, simulated(), REAL_FPS, **REAL) as live:
        live.fault(f'drop {sensor}')
        live.goes_on(ALONE[sensor], **{sensor: 'lost'})
        live.is_prompt(0.8 * REAL['deadline'])
        live.says(sensor, ERROR, f'no messages on /{sensor}/image for', state='lost')
        live.counts('pairing', COUNTED[sensor], 3)
        live.recovers()


def test_drop_of_both_sensors() -> None:
    with rig() as live:
        live.fault('drop rgb, drop depth')
        for sensor in ALONE:
            live.says(sensor, ERROR, f'no messages on /{sensor}/image for', state='lost')
        live.says('pairing', WARN, 'rgb is lost', 'depth is lost')
        live.stops()
        live.recovers()


def test_loss_of_a_third_of_the_messages() -> None:
    with rig() as live:
        live.fault('loss rgb 0.3, loss depth 0.3')
        for sensor in ALONE:
            live.says(sensor, WARN, f'% of the messages on /{sensor}/image are missing',
                      state='ok')
            live.counts(sensor, 'missing', 15)
            live.bench.wait_for(lambda s=sensor: 0.15 < live.share(s, 'missing') < 0.6)
        for counter in ('pairs', 'rgb_alone', 'depth_alone'):
            live.counts('pairing', counter, 3)
        for sensor in ALONE:  # loss is neither a lower rate nor stamps that disagree
            live.bench.wait_for(lambda s=sensor: 4 * (
                live.risen(s, 'skipped_rate') + live.risen(s, 'unsynchronised'))
                < live.risen('pairing', f'{s}_alone'))
        live.recovers()


@SENSORS
def test_freeze_of_one_sensor(sensor: str) -> None:
    with rig(shipped, simulated(), REAL_FPS, **REAL) as live:
        live.fault(f'freeze {sensor}')
        live.goes_on(ALONE[sensor], **{sensor: 'frozen'})
        live.says(sensor, ERROR, f'messages on /{sensor}/image are all the same', state='frozen')
        live.counts(sensor, 'frozen', 3)
        live.recovers()
