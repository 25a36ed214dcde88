"""The inspector node, live: over real DDS, with a tiny inspector in place of the network."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from live import (
    LIMIT,
    SIZE,
    Bench,
    BrightSpots,
    camera_info,
    colour,
    distance,
    image,
    inspector,
    process,
    stamped,
)
from rcl_interfaces.srv import DescribeParameters
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rig import Rig
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import Float32

from dcmd_ros.frame import MODALITIES
from dcmd_ros.sensing.cloud import fill_cloud

pytestmark = pytest.mark.usefixtures('ros_domain')
TOPICS = {'anomaly_map': Image, 'anomaly_mask': Image, 'overlay': Image, 'points': PointCloud2,
          'camera_info': CameraInfo, 'score': Float32, 'confidence/rgb': Float32,
          'confidence/depth': Float32}


def both(bench: Bench) -> bool:
    return bench.last().get('mode') == 'both'


def goes_on(bench: Bench, mode: str, publish: Callable[[int], None], **states: str) -> None:
    """Publish until several results in a row are of that mode, the last with these states."""
    live = Rig(bench, wait=lambda done: bench.stream(done, publish=publish))
    live.begin()
    live.goes_on(mode, **states)


def depth_only(bench: Bench):
    return lambda stamp: bench.publish(stamp, rgb=False)


def rgb_only(bench: Bench):
    return lambda stamp: bench.publish(stamp, depth=False)


# What goes in and what comes out.

def test_a_pair_goes_in_and_a_verdict_comes_out() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: both(bench))
        result = bench.last()
        assert (result['schema'], result['verdict'], result['degraded']) == ('1', 'good', 'false')
        assert 0 < float(result['score']) < 0.5
        assert bench.last('rgb')['state'] == 'ok'
        assert float(bench.last('depth')['confidence']) == pytest.approx(0.9)
        assert 0 < float(bench.last('depth')['age_ms']) < 5000
        bench.stream(lambda: bench.last()['verdict'] == 'anomalous',
                     publish=lambda stamp: bench.publish(stamp, bright=True))


def stamps_of(messages: Iterable[Any]) -> set[tuple[int, int]]:
    return {(m.header.stamp.sec, m.header.stamp.nanosec) for m in messages}


def test_every_output_carries_rgbs_header_and_its_encoding() -> None:
    with Bench() as bench, inspector():
        got = {topic: bench.collect(kind, topic) for topic, kind in TOPICS.items()}
        headed = ('anomaly_map', 'anomaly_mask', 'overlay', 'points', 'camera_info')
        sent: set[tuple[int, int]] = set()

        def publish(stamp: int) -> None:
            sent.add(divmod(stamp, 10**9))
            bench.publish(stamp, bright=True)

        # Of a frame that all were found in time for: a listener may be found late.
        bench.stream(lambda: all(got.values()) and stamps_of(bench.results).intersection(
            *(stamps_of(got[topic]) for topic in headed)), publish=publish)
        assert all(stamps_of(got[topic]) <= sent for topic in headed)
        assert {m.header.frame_id for topic in headed for m in got[topic]} == {
            'camera_color_optical_frame'}
        encodings = {t: got[t][0].encoding for t in ('anomaly_map', 'anomaly_mask', 'overlay')}
        assert encodings == {'anomaly_map': '32FC1', 'anomaly_mask': 'mono8', 'overlay': 'rgb8'}
        scores = np.frombuffer(got['anomaly_map'][0].data, np.float32).reshape(SIZE)
        mask = np.frombuffer(got['anomaly_mask'][0].data, np.uint8).reshape(SIZE)
        assert (scores[22, 32], mask[22, 32], mask[0, 0]) == (pytest.approx(0.9), 255, 0)
        assert got['score'][0].data == pytest.approx(0.9)
        assert got['confidence/rgb'][0].data == pytest.approx(0.9)
        assert got['camera_info'][0].k[0] == 60.0


def test_the_points_are_depth_with_anomaly_as_intensity() -> None:
    with Bench() as bench, inspector():
        clouds = bench.collect(PointCloud2, 'points')
        bench.stream(lambda: clouds, publish=lambda stamp: bench.publish(stamp, bright=True))
        assert [f.name for f in clouds[0].fields] == ['x', 'y', 'z', 'rgb', 'intensity']
        points = np.frombuffer(clouds[0].data, np.float32).reshape(*SIZE, 5)
        assert points[22, 32, 2] == pytest.approx(0.3)
        assert points[22, 32, 0] == pytest.approx((32 - 31.5) / 60 * 0.3)
        assert points[22, 32, 4] == pytest.approx(0.9)
        assert points[0, 0, 4] == pytest.approx(0.1)


def test_a_picture_that_nobody_listens_to_is_not_made(monkeypatch) -> None:
    made = []
    monkeypatch.setattr('dcmd_ros.nodes.outputs.draw_overlay', made.append)
    with Bench() as bench, inspector():
        bench.stream(lambda: len(bench.results) > 3)
    assert made == []


def test_compressed_transports_follow_the_remapped_topic() -> None:
    remaps = {'rgb/image': '/cam/color', 'depth/image': '/cam/depth'}
    with Bench() as bench, inspector(
            remap=remaps, rgb__transport='compressed', depth__transport='compressedDepth'):
        publishers = {
            topic: bench.node.create_publisher(CompressedImage, topic, QoSProfile(depth=5))
            for topic in ('/cam/color/compressed', '/cam/depth/compressedDepth')}

        def publish(stamp: int) -> None:
            png = cv2.imencode('.png', colour())[1].tobytes()
            publishers['/cam/color/compressed'].publish(
                stamped(CompressedImage(format='rgb8; png compressed bgr8', data=png), stamp))
            millimetres = (distance() * 1000).astype(np.uint16)
            png = bytes(12) + cv2.imencode('.png', millimetres)[1].tobytes()
            publishers['/cam/depth/compressedDepth'].publish(
                stamped(CompressedImage(format='16UC1; compressedDepth png', data=png), stamp))
        bench.stream(lambda: both(bench), publish=publish)
        bench.wait_for(lambda: bench.status('depth').get('topic') == '/cam/depth/compressedDepth')


def test_a_point_cloud_is_geometry_too() -> None:
    with Bench() as bench, inspector(geometry_source='points'):
        publisher = bench.node.create_publisher(PointCloud2, 'points', QoSProfile(depth=5))

        def publish(stamp: int) -> None:
            bench.publish(stamp, depth=False)
            depth = distance()
            message = PointCloud2()
            fill_cloud(message, np.stack([depth * 0, depth * 0, depth], -1), None, depth * 0)
            publisher.publish(stamped(message, stamp))
        bench.stream(lambda: both(bench), publish=publish)


def test_two_inspectors_live_in_two_namespaces() -> None:
    with Bench('cell1') as one, Bench('cell2') as two, \
            inspector(namespace='cell1'), inspector(namespace='cell2'):
        one.stream(lambda: both(one))
        two.wait_for(lambda: {'cell1/dcmd_inspector: rgb', 'cell2/dcmd_inspector: rgb'}
                     <= two.diagnostics.keys())
        assert two.results == []


# When a sensor fails.

def test_depth_goes_and_comes_back_and_the_diagnostics_name_its_topic() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: both(bench))
        goes_on(bench, 'rgb_only', rgb_only(bench), depth='lost')
        assert (bench.last()['degraded'], bench.last()['verdict']) == ('true', 'good')
        assert bench.last('depth') == {
            'state': 'lost', 'confidence': 'nan', 'stamp': 'nan', 'age_ms': 'nan'}
        bench.stream(lambda: 'no messages on /depth/image for' in
                     bench.status('depth')['message'], publish=rgb_only(bench))
        assert bench.status('depth')['level'] == '2'
        bench.stream(lambda: both(bench))
        bench.stream(lambda: bench.status('depth')['level'] == '0')


def test_rgb_goes_and_depth_alone_is_judged() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: both(bench))
        bench.stream(lambda: bench.last()['mode'] == 'depth_only', publish=depth_only(bench))


def test_without_any_message_only_diagnostics_are_published() -> None:
    with Bench() as bench, inspector(lost_after=0.2):
        bench.stream(lambda: both(bench))
        bench.wait_for(lambda: all(bench.status(m).get('state') == 'lost'
                                   for m in ('rgb', 'depth')))
        Rig(bench).stops()


@pytest.mark.parametrize('policy', ['unknown', 'reject'])
def test_the_policy_withholds_the_verdict_while_a_sensor_is_lost(policy: str) -> None:
    with Bench() as bench, inspector(depth__on_sensor_loss=policy):
        goes_on(bench, 'both', bench.publish, depth='ok')
        assert bench.last()['verdict'] == 'good'
        goes_on(bench, 'rgb_only', rgb_only(bench), depth='lost')
        assert bench.last()['verdict'] == 'unknown'
        assert bench.results[-1].status[0].level == b'\x02'


def test_a_frozen_sensor_is_left_out() -> None:
    with Bench() as bench, inspector(freeze_count=4):
        bench.stream(lambda: both(bench))
        still = distance()

        def publish(stamp: int) -> None:
            bench.publish(stamp, depth=False)
            bench.images['depth'].publish(image(stamp, still, '32FC1'))
        goes_on(bench, 'rgb_only', publish, depth='frozen')
        bench.stream(lambda: both(bench))


def test_two_frozen_sensors_leave_no_verdict() -> None:
    with Bench() as bench, inspector(freeze_count=4):
        bench.stream(lambda: both(bench))
        still = colour(), distance()

        def publish(stamp: int) -> None:
            bench.images['rgb'].publish(image(stamp, still[0], 'rgb8'))
            bench.images['depth'].publish(image(stamp, still[1], '32FC1'))
        bench.stream(lambda: bench.last()['verdict'] == 'unknown', publish=publish)
        assert bench.last()['score'] == 'nan'


def test_an_unreadable_depth_is_degraded_named_and_left_out() -> None:
    with Bench() as bench, inspector():
        def publish(stamp: int) -> None:
            bench.publish(stamp, depth=False)
            bench.images['depth'].publish(image(stamp, colour(), 'rgb8'))
        bench.stream(lambda: '/depth/image: ' in bench.status('depth')['message'],
                     publish=publish)
        goes_on(bench, 'rgb_only', publish, depth='degraded')
        assert int(bench.status('depth')['encoding']) > 0
        bench.stream(lambda: both(bench) and bench.status('depth')['level'] == '0')


def test_a_frame_that_brings_the_inspector_down_is_a_diagnostic_and_no_more() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: both(bench))

        def publish(stamp: int) -> None:
            picture = colour()
            picture[0, 0, 0] = 13
            bench.images['rgb'].publish(image(stamp, picture, 'rgb8'))
            bench.publish(stamp, rgb=False)
        bench.stream(lambda: 'a frame that brings' in bench.status('inference')['message'],
                     publish=publish)
        assert int(bench.status('inference')['failed']) > 0
        count = len(bench.results)
        bench.stream(lambda: len(bench.results) > count)
        bench.stream(lambda: bench.status('inference')['level'] == '0')


def test_a_qos_mismatch_is_reported_with_its_topic() -> None:
    with Bench(reliable=False) as bench, inspector(input_reliability='reliable'):
        bench.stream(lambda: 'QoS mismatch on /rgb/image' in
                     bench.status('rgb')['message'])
        assert bench.status('rgb')['level'] == '2'
        assert bench.results == []


def test_two_publishers_on_one_topic_are_reported() -> None:
    with Bench() as bench, inspector():
        second = bench.node.create_publisher(Image, 'depth/image', QoSProfile(depth=5))
        bench.stream(lambda: '2 publishers on /depth/image' in
                     bench.status('depth')['message'])
        bench.node.destroy_publisher(second)
        bench.stream(lambda: bench.status('depth')['level'] == '0')


def test_another_camera_than_the_trained_one_is_a_warning() -> None:
    with Bench() as bench, inspector():
        def publish(stamp: int) -> None:
            bench.publish(stamp, infos=False)
            bench.infos['rgb'].publish(camera_info(stamp, focal=90.0))
        bench.stream(lambda: 'not like the one trained on' in
                     bench.status('inference')['message'], publish=publish)
        assert bench.status('inference')['level'] == '1'


def test_a_late_camera_info_is_missed_by_topic_and_taken_when_it_comes() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: both(bench) and 'no CameraInfo on /rgb/camera_info' in
                     bench.status('rgb')['message'],
                     publish=lambda stamp: bench.publish(stamp, infos=False))
        bench.stream(lambda: bench.status('rgb')['level'] == '0')


def test_a_changed_camera_info_warns() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: bench.status('rgb')['level'] == '0')

        def publish(stamp: int) -> None:
            bench.publish(stamp, infos=False)
            bench.infos['rgb'].publish(camera_info(stamp, focal=61.0))
        bench.stream(lambda: '/rgb/camera_info changed' in bench.status('rgb')['message'],
                     publish=publish)
        assert bench.status('rgb')['camera_info_changed'] == '1'


def test_a_clock_that_stands_still_pauses() -> None:
    with Bench() as bench, inspector(use_sim_time=True):
        clock = bench.node.create_publisher(Clock, '/clock', QoSProfile(depth=10))
        second = {'now': 0}

        def tick(stamp: int) -> None:
            second['now'] += 33_000_000
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(second['now'], 10**9)
            clock.publish(message)
            bench.publish(second['now'])
        bench.stream(lambda: both(bench), publish=tick)
        bench.wait_for(lambda: bench.status('rgb').get('state') == 'paused')
        assert '/clock' in bench.status('rgb')['message']
        bench.stream(lambda: bench.status('rgb').get('state') == 'ok', publish=tick)


# The lifecycle.

def test_without_autostart_the_transitions_are_the_managers() -> None:
    with Bench() as bench, inspector(autostart_node=False):
        bench.wait_for(bench.is_in('unconfigured'))
        assert bench.status('rgb')['level'] == '3'
        bench.reach(Transition.TRANSITION_CONFIGURE, 'inactive')
        bench.reach(Transition.TRANSITION_ACTIVATE, 'active')
        bench.stream(lambda: both(bench))
        bench.reach(Transition.TRANSITION_DEACTIVATE, 'inactive')
        Rig(bench, wait=bench.stream).stops()
        bench.reach(Transition.TRANSITION_CLEANUP, 'unconfigured')
        bench.reach(Transition.TRANSITION_CONFIGURE, 'inactive')
        bench.reach(Transition.TRANSITION_ACTIVATE, 'active')
        count = len(bench.results)
        bench.stream(lambda: len(bench.results) > count)


def test_a_missing_model_is_told_and_the_right_one_brings_the_node_up() -> None:
    with Bench() as bench, inspector(model='missing.pth'):
        bench.wait_for(lambda: "model 'missing.pth' not found" in
                       bench.status('inference')['message'])
        assert bench.status('inference')['level'] == '2'
        assert bench.status('inference')['lifecycle'] == 'unconfigured'
        assert not bench.transition(Transition.TRANSITION_CONFIGURE)
        assert bench.set_parameter('model', 'bright.pth').successful
        bench.stream(lambda: both(bench))
        bench.wait_for(lambda: bench.status('inference')['level'] == '0')


def test_an_absent_device_is_told_and_another_one_brings_the_node_up() -> None:
    with Bench() as bench, inspector(device='cuda:7'):
        bench.wait_for(lambda: "device 'cuda:7' is not there" in
                       bench.status('inference')['message'])
        assert bench.set_parameter('device', 'cpu').successful
        bench.stream(lambda: both(bench))


def test_a_crash_while_loading_leaves_the_node_retryable() -> None:
    def broken(*_: object) -> BrightSpots:
        raise RuntimeError('the file is\ncorrupt')
    with Bench() as bench, inspector(load=broken):
        bench.wait_for(lambda: 'RuntimeError: the file is corrupt' in
                       bench.status('inference')['message'])
        assert not bench.transition(Transition.TRANSITION_CONFIGURE)


# Parameters.

def test_parameters_change_at_run_time_or_say_why_not() -> None:
    with Bench() as bench, inspector() as node:
        bench.stream(lambda: both(bench))
        assert bench.set_parameter('deadline', 0.05).successful
        assert node.streams.pairing.config.deadline == 0.05
        assert bench.set_parameter('roi', [1, 2, 3, 4]).successful
        assert node.pipeline.settings.region() == (1, 2, 3, 4)
        refused = bench.set_parameter('geometry_source', 'points')
        assert not refused.successful
        assert 'deactivate' in refused.reason
        assert 'at least 0' in bench.set_parameter('slop', -1).reason \
            or 'out of range' in bench.set_parameter('slop', -1.0).reason


def test_the_input_reliability_changes_while_inactive() -> None:
    with Bench(reliable=False) as bench, inspector(input_reliability='reliable'):
        bench.wait_for(bench.is_in('active'))
        bench.reach(Transition.TRANSITION_DEACTIVATE, 'inactive')
        assert bench.set_parameter('input_reliability', 'best_effort').successful
        bench.reach(Transition.TRANSITION_ACTIVATE, 'active')
        bench.stream(lambda: both(bench))


def test_qos_overrides_win_and_last() -> None:
    override = {'qos_overrides./rgb/image.subscription.reliability': 'reliable'}
    with Bench() as bench, inspector(**override) as node:
        bench.wait_for(bench.is_in('active'))
        for _ in range(2):
            profiles = {m: node.inputs.filters[m].subscription.qos_profile for m in MODALITIES}
            assert profiles['rgb'].reliability == ReliabilityPolicy.RELIABLE
            assert profiles['depth'].reliability == ReliabilityPolicy.BEST_EFFORT
            bench.reach(Transition.TRANSITION_DEACTIVATE, 'inactive')
            bench.reach(Transition.TRANSITION_ACTIVATE, 'active')


def test_parameters_describe_themselves() -> None:
    with Bench() as bench, inspector():
        answer = bench.request(DescribeParameters, 'describe_parameters',
                               DescribeParameters.Request(names=['freeze_count']))
        [described] = answer.descriptors
        assert 'frozen' in described.description
        assert described.integer_range[0].to_value == 100000


# Services.

def test_inspect_answers_with_the_verdict_of_the_next_frame() -> None:
    with Bench() as bench, inspector():
        bench.stream(lambda: both(bench))

        def judged() -> bool:
            answer = bench.call('inspect', streaming=True)
            assert answer.success
            return answer.message.startswith('good, score 0.1000, mode both')
        bench.wait_for(judged)


def test_inspect_without_a_camera_answers_with_the_cause_and_blocks_nobody() -> None:
    with Bench() as bench, inspector(service_timeout=3.5):
        bench.wait_for(bench.is_in('active'))
        bench.diagnostics.clear()
        answer = bench.call('inspect')
        assert not answer.success
        assert 'no result within 3.5 s' in answer.message
        assert '/rgb/image' in answer.message
        assert bench.diagnostics, 'the executor stood still while the service waited'


def test_reload_swaps_the_model_and_keeps_the_old_one_on_failure() -> None:
    with Bench() as bench, inspector() as node:
        bench.wait_for(bench.is_in('active'))
        old = node.pipeline.judge
        bench.set_parameter('model', 'missing.pth')
        answer = bench.call('reload')
        assert not answer.success
        assert 'not found' in answer.message
        assert node.pipeline.judge is old
        bench.set_parameter('model', 'other.pth')
        assert bench.call('reload').success
        assert node.pipeline.judge is not old
        bench.stream(lambda: both(bench))
        bench.wait_for(lambda: bench.status('inference')['model'] == 'other.pth')
        bench.stream(lambda: bench.last()['category'] == 'other.pth')


def test_reset_forgets_the_counts() -> None:
    with Bench() as bench, inspector() as node:
        bench.stream(lambda: int(bench.status('rgb').get('received', 0)) > 5)
        bench.wait_for(  # anew where a message was still on its way
            lambda: bench.call('reset').success and node.tally.counts('rgb') == {})


def test_snapshot_writes_the_next_frame_and_answers_with_the_folder(tmp_path) -> None:
    with Bench() as bench, inspector(snapshot_dir=str(tmp_path)):
        bench.stream(lambda: both(bench))

        def written() -> set[str]:
            answer = bench.call('snapshot', streaming=True)
            assert answer.success
            assert Path(answer.message).parent == tmp_path
            return {path.name for path in Path(answer.message).iterdir()}
        bench.wait_for(lambda: written() == {
            'rgb.png', 'depth.png', 'map.tiff', 'mask.png', 'overlay.png', 'points.ply',
            'inspection.json'})


# The process.

def test_the_process_stays_up_without_a_model_and_ends_cleanly_on_sigint() -> None:
    with Bench() as bench, process('inspect', '--model', 'nowhere.pth') as running:
        bench.wait_for(lambda: 'nowhere.pth' in bench.status('inference')['message'])
        running.send_signal(signal.SIGINT)
        assert running.wait(LIMIT) == 0


def test_a_wrong_start_value_is_one_plain_line_and_exit_1() -> None:
    with process('inspect', '--ros-args', '-p', 'acquisition:=burst') as running:
        assert running.wait(LIMIT) == 1
        lines = running.stdout.read().splitlines()
        assert [line for line in lines if 'acquisition must be one of stream, triggered' in line]
        assert not [line for line in lines if 'Traceback' in line]
