"""Parts, live: one verdict a pass, and what a lost sensor makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from live import Bench, BrightSpots, answered, colour, distance, image, inspector
from rclpy.qos import DurabilityPolicy, QoSProfile
from rig import FPS, rig
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection

pytestmark = pytest.mark.usefixtures('ros_domain', 'quick')
FAR = 5.0  # m
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Belt(BrightSpots):
    """As it, and where the first pixel is black or far away the belt is empty."""

    def inspect(self, frame: Frame, *options: Any) -> Inspection:
        found = super().inspect(frame, *options)
        blank = frame.rgb is not None and frame.rgb[0, 0, 0] == 0
        if not blank and (frame.depth is None or frame.depth[0, 0] < FAR):
            return found
        return Inspection(frame.stamp, frame.frame_id, found.mode, 'no_part', 0.0,
                          found.map * 0, found.mask * 0, found.confidence, presence='absent')


def told(message: DiagnosticArray) -> dict[str, str]:
    [status] = message.status
    assert status.name == 'part'
    return {pair.key: pair.value for pair in status.values}


def rejects(bench: Bench) -> list[bool]:
    said: list[bool] = []
    bench.node.create_subscription(
        Bool, f'{bench.inspector}/reject', lambda message: said.append(message.data), LATCHED)
    return said


def showing(bench: Bench, empty: bool = False, bright: bool = False) -> Callable[[int], None]:
    """Publishes frames of an empty belt or of a part."""
    def publish(stamp: int) -> None:
        picture, depth = colour(bright), distance()
        if empty:
            picture[0, 0], depth[0, 0] = 0, FAR
        bench.publish(stamp, rgb=False, depth=False)
        bench.images['rgb'].publish(image(stamp, picture, 'rgb8'))
        bench.images['depth'].publish(image(stamp, depth, '32FC1'))
    return publish


def seen(bench: Bench, frames: int) -> bool:
    """Whether a part is in view since so many frames."""
    last = [bench.told(result)['verdict'] for result in bench.results[-frames:]]
    return len(last) == frames and 'no_part' not in last


def test_each_part_that_passes_gets_one_verdict() -> None:
    with Bench() as bench, inspector(load=Belt, part_timeout=60.0):
        parts, said = bench.collect(DiagnosticArray, 'part'), rejects(bench)
        empty = showing(bench, empty=True)
        bench.stream(lambda: bench.last().get('verdict') == 'no_part', publish=empty)
        for number, bright in enumerate((False, True, False), 1):
            bench.stream(lambda: seen(bench, 5), publish=showing(bench, bright=bright))
            bench.stream(lambda n=number: len(parts) == n, publish=empty)
        verdicts = [told(part) for part in parts]
        assert [part['verdict'] for part in verdicts] == ['good', 'anomalous', 'good']
        assert all(int(part['frames']) > 3 for part in verdicts)
        assert float(verdicts[1]['score']) == pytest.approx(0.9)
        assert verdicts[1]['category'] == bench.last()['category'] == 'bright.pth'
        stamps = {bench.told(result)['stamp'] for result in bench.results}
        assert {part['best_stamp'] for part in verdicts} <= stamps
        bench.wait_for(lambda: said[-1:] == [False] and True in said)
        late = rejects(bench)
        bench.wait_for(lambda: late == [False])  # who comes late gets the last one


def test_a_part_is_told_when_the_stream_ends() -> None:
    with Bench() as bench, inspector(load=Belt, part_timeout=0.3):
        parts = bench.collect(DiagnosticArray, 'part')
        bench.stream(lambda: len(bench.results) > 4, publish=showing(bench, bright=True))
        bench.wait_for(lambda: parts)
        assert told(parts[0])['verdict'] == 'anomalous'


def test_each_triggered_shot_is_a_part_and_inspect_answers_with_it() -> None:
    with Bench() as bench, inspector(load=Belt, acquisition='triggered'):
        parts, said = bench.collect(DiagnosticArray, 'part'), rejects(bench)
        bench.stream(lambda: parts and bench.last()['mode'] == 'both', fps=FPS,
                     publish=showing(bench, bright=True))

        def each_told() -> bool:  # from where on both listeners were there
            stamps = [bench.told(result)['stamp'] for result in bench.results]
            best = [told(part)['best_stamp'] for part in parts]
            both = min(len(stamps), len(best))
            return best[-both:] == stamps[-both:] and said[-1:] == [True]
        bench.wait_for(each_told)
        assert {told(part)['frames'] for part in parts} == {'1'}
        asks = bench.node.create_client(Trigger, f'{bench.inspector}/inspect')
        bench.wait_for(asks.service_is_ready)

        def judged() -> bool:  # shots so slow that it is the next one that answers
            answer = bench.stream(
                answered(asks, Trigger.Request()), fps=1.0, publish=showing(bench))
            return answer.success and answer.message.startswith('good')
        bench.wait_for(judged)
        bench.wait_for(lambda: said[-1] is False)
        bench.stream(lambda: told(parts[-1])['verdict'] == 'no_part', fps=FPS,
                     publish=showing(bench, empty=True))


FAULTS = {'lost': 'drop depth', 'degraded': 'malformed depth', 'frozen': 'freeze depth',
          'unsynchronised': 'offset depth 40ms'}
TABLE = {'continue': ('good', False), 'unknown': ('unknown', False), 'reject': ('unknown', True)}


@pytest.mark.parametrize('state', FAULTS)
def test_the_policy_of_a_sensor_decides_what_its_loss_means(state: str) -> None:
    with rig(part_longest=1.0, freeze_count=4) as live:
        bench = live.bench
        parts, said = bench.collect(DiagnosticArray, 'part'), rejects(bench)
        live.fault(FAULTS[state])
        live.goes_on('rgb_only', depth=state)
        for policy, (verdict, reject) in TABLE.items():
            assert bench.set_parameter('depth.on_sensor_loss', policy).successful
            bench.wait_for(lambda v=verdict: (
                bench.last()['verdict'], bench.last('depth')['state']) == (v, state))
            mark, wanted = len(parts), (verdict, str(reject).lower())
            bench.wait_for(lambda m=mark, w=wanted: w in [
                (part['verdict'], part['reject']) for part in map(told, parts[m:])])
            bench.wait_for(lambda r=reject: said and said[-1] is r)
