"""`camera` and `play` as processes on real DDS, with listeners of our own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from live import LIMIT, answered
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

WIDTH, HEIGHT = 48, 32
CAMERA = {'width': WIDTH, 'height': HEIGHT, 'fx': 90.0, 'fy': 91.0, 'cx': 22.0, 'cy': 16.5,
          'depth_unit_m': 1e-4, 'missing': 0}
TYPES = {'rgb/image': Image, 'depth/image': Image, 'rgb/camera_info': CameraInfo,
         'depth/camera_info': CameraInfo, 'truth/mask': Image, 'truth/label': String}
Start = Callable[..., subprocess.Popen[str]]
Listen = Callable[..., 'Listener']
SMALL = ('--size', '64x48', '--pool', '2', '--fps', '20')


class Listener:
    """
    Collects what a source publishes, in order of arrival.

    sent  when a message left its publisher, by topic and stamp
    """

    def __init__(self, domain: int, namespace: str = '', reliable: bool = True,
                 rgb: str = 'rgb/image') -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = Node('listener', context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.got: dict[str, list[Any]] = {topic: [] for topic in TYPES}
        self.sent: dict[tuple[str, int], int] = {}
        policy = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        for topic, kind in TYPES.items():
            name = rgb if topic == 'rgb/image' else topic
            self.node.create_subscription(kind, name, self._taker(topic),
                                          QoSProfile(depth=500, reliability=policy))

    def _taker(self, topic: str) -> Callable[[Any, Any], None]:
        def take(message: Any, info: Mapping[str, Any]) -> None:
            self.got[topic].append(message)
            if hasattr(message, 'header'):
                self.sent[topic, nanoseconds(message)] = info['source_timestamp']
        return take

    def stamps(self, topic: str) -> list[int]:
        return [nanoseconds(message) for message in self.got[topic]]

    def labels(self) -> list[dict[str, str]]:
        return [json.loads(message.data) for message in self.got['truth/label']]

    def until(self, done: Callable[[], Any]) -> Any:
        """Spin until the condition gives something true, and give that."""
        end = time.monotonic() + LIMIT
        while not (value := done()):
            assert time.monotonic() < end, ' '.join(f'{t}:{len(m)}' for t, m in self.got.items())
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def set_fault(self, node: str, text: str) -> Any:
        client = self.node.create_client(SetParameters, f'{node}/set_parameters')
        self.until(client.service_is_ready)
        request = SetParameters.Request(
            parameters=[Parameter('fault', value=text).to_parameter_msg()])
        return self.until(answered(client, request)).results[0]

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


def nanoseconds(message: Any) -> int:
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


@pytest.fixture
def listen(ros_domain: int) -> Iterator[Listen]:
    listeners: list[Listener] = []

    def make(**options: Any) -> Listener:
        listeners.append(Listener(ros_domain, **options))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


@pytest.fixture
def start(ros_domain: int) -> Iterator[Start]:
    """Starts a verb in this test's domain; killed at the end if it still runs."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        processes.append(subprocess.Popen(
            [sys.executable, '-m', 'dcmd_ros', *map(str, arguments)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A data set of 4 good and 16 bent parts; part n is n + 1 grey levels bright."""
    folder = tmp_path / 'part'
    for number in range(20):
        label = folder / 'test' / ('bent' if number < 16 else 'good')
        rgb = np.full((HEIGHT, WIDTH, 3), number + 1, np.uint8)
        depth = np.full((HEIGHT, WIDTH), 5000 + number, np.uint16)
        depth[0, 0] = 0
        truth = np.zeros((HEIGHT, WIDTH), np.uint8)
        truth[number, number] = 255 * (number < 16)
        for kind, image in (('rgb', rgb), ('depth', depth), ('gt', truth)):
            (label / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(label / kind / f'{number:03d}.png'), image)
    (folder / 'intrinsics.json').write_text(json.dumps(CAMERA))
    return folder


def finish(process: subprocess.Popen[str], listener: Listener) -> dict[str, Any]:
    """Listen until the source has ended well and all it sent has come; its figures."""
    listener.until(lambda: process.poll() is not None)
    out, err = process.communicate()
    assert process.returncode == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert figures['acknowledged'], (figures, {t: len(m) for t, m in listener.got.items()})
    listener.until(lambda: all(
        len(listener.got[topic]) == figures['frames'] for topic in ('truth/label', 'truth/mask')))
    listener.until(lambda: all(
        len(listener.got[f'{sensor}/{kind}']) == figures['sent'].get(sensor, 0)
        for sensor in ('rgb', 'depth') for kind in ('image', 'camera_info')))
    return figures


def test_play_sends_every_sample_once_in_order_with_its_truth(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    figures = finish(start('play', parts, '--fps', 30, '--json'), listener)
    assert figures['labels'] == {'bent': 16, 'good': 4}
    got = listener.got
    assert [m.data[0] for m in got['rgb/image']] == list(range(1, 21))
    assert listener.stamps('rgb/image') == listener.stamps('depth/image')
    assert {m.header.frame_id for m in got['rgb/image'] + got['depth/image']} == {
        'camera_color_optical_frame'}
    assert [label['stamp'] for label in listener.labels()] == [
        f'{s // 10**9}.{s % 10**9:09d}' for s in listener.stamps('rgb/image')]
    assert [label['file'] for label in listener.labels()] == sorted(
        str(path.relative_to(parts)) for path in parts.glob('test/*/rgb/*.png'))
    masks = [np.frombuffer(m.data, np.uint8).reshape(HEIGHT, WIDTH) for m in got['truth/mask']]
    assert [np.argwhere(mask == 255).tolist() for mask in masks] == [
        [[n, n]] if n < 16 else [] for n in range(20)]
    assert [m.header for m in got['depth/camera_info']] == [m.header for m in got['depth/image']]


def test_drop_takes_the_frames_of_its_window_and_of_its_sensor_only(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    process = start('play', parts, '--fps', 20, '--json', '--fault', 'drop depth 0.25s-0.5s')
    figures = finish(process, listener)
    stamps = listener.stamps('rgb/image')
    assert len(stamps) == 20
    assert listener.stamps('depth/image') == stamps[:5] + stamps[10:]
    assert listener.stamps('depth/camera_info') == stamps[:5] + stamps[10:]
    assert figures['withheld'] == {'depth': 5}


def test_delayed_depth_comes_after_younger_colour_and_none_is_lost_at_the_end(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    finish(start('play', parts, '--fps', 20, '--json', '--fault', 'delay depth 400ms'), listener)
    stamps = listener.stamps('rgb/image')
    assert listener.stamps('depth/image') == stamps
    rgb, depth = ([listener.sent[f'{sensor}/image', stamp] for stamp in stamps]
                  for sensor in ('rgb', 'depth'))
    assert all(sent >= stamp + 400_000_000 for sent, stamp in zip(depth, stamps, strict=True))
    assert any(younger < older for younger, older in zip(rgb[3:], depth, strict=False))


def test_messages_are_spoilt_as_told_and_a_new_size_comes_with_its_camera(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen()
    fault = 'encoding rgb 0-0.25, malformed rgb 0.25-, size depth 0.5 0.5-, offset depth 20ms 0-'
    finish(start('play', parts, '--fps', 20, '--json', '--fault', fault), listener)
    rgb, depth = listener.got['rgb/image'], listener.got['depth/image']
    assert {m.encoding for m in rgb[:5]} == {'no_such_encoding'}
    assert {m.encoding for m in rgb[5:]} == {'rgb8'}
    assert all(len(m.data) != m.step * m.height or m.step < 3 * m.width for m in rgb[5:])
    assert [m.width for m in depth] == [WIDTH] * 10 + [WIDTH // 2] * 10
    info = listener.got['depth/camera_info'][-1]
    assert (info.width, info.k[0], info.k[2]) == (WIDTH // 2, 45.0, pytest.approx(10.75))
    assert {b - a for a, b in zip(listener.stamps('rgb/image'), listener.stamps('depth/image'),
                                  strict=True)} == {20_000_000}


def test_the_fault_parameter_works_at_run_time_and_refuses_what_it_cannot_read(
        start: Start, listen: Listen) -> None:
    listener = listen(reliable=False)
    start('camera', *SMALL)
    listener.until(lambda: len(listener.got['depth/image']) >= 3)
    assert listener.set_fault('camera', 'drop depth').successful

    def rgb_alone() -> int:
        last = max(listener.stamps('depth/image'))
        return sum(stamp > last for stamp in listener.stamps('rgb/image'))

    listener.until(lambda: rgb_alone() >= 20)
    refused = listener.set_fault('camera', 'dorp rgb')
    assert not refused.successful and "'dorp' at character 1" in refused.reason


def test_fault_times_count_from_the_change(start: Start, listen: Listen) -> None:
    listener = listen()
    start('camera', *SMALL)

    def alone() -> list[int]:
        return sorted(set(listener.stamps('depth/image')) - set(listener.stamps('rgb/image')))

    listener.until(lambda: len(listener.got['rgb/image']) > 45)
    before = len(alone())
    assert listener.set_fault('camera', 'drop rgb 0-2').successful
    listener.until(lambda: len(alone()) >= before + 8)
    listener.until(lambda: listener.stamps('rgb/image')[-1] > alone()[-1])


def test_camera_frames_never_repeat_and_show_good_and_defective_parts(
        start: Start, listen: Listen) -> None:
    listener = listen()
    start('camera', *SMALL, '--defect-rate', 0.5, '--frames-per-part', 3)
    listener.until(lambda: len(listener.got['depth/image']) >= 12)

    def labels() -> set[str]:
        return {label['label'] for label in listener.labels()}

    listener.until(lambda: len(labels()) == 2)
    assert 'good' in labels()
    for sensor in ('rgb', 'depth'):
        pictures = [bytes(m.data) for m in listener.got[f'{sensor}/image']]
        assert len(set(pictures)) == len(pictures)
    metres = np.frombuffer(listener.got['depth/image'][0].data, np.float32)
    assert 0.3 < np.nanmedian(metres) < 1.5


def test_names_can_be_moved_and_the_fault_given_by_ros_arguments(
        start: Start, listen: Listen, parts: Path) -> None:
    listener = listen(namespace='/cell1', rgb='colour')
    process = start('play', parts, '--fps', 30, '--json', '--depth-encoding', '16UC1',
                    '--ros-args', '-r', '__ns:=/cell1', '-r', 'rgb/image:=colour',
                    '-p', 'fault:=drop rgb')
    figures = finish(process, listener)
    assert figures['sent'] == {'depth': 20} and figures['withheld'] == {'rgb': 20}
    assert {m.encoding for m in listener.got['depth/image']} == {'16UC1'}


@pytest.mark.parametrize(('verb', 'number', 'code'), [
    ('camera', signal.SIGINT, 0), ('play', signal.SIGTERM, 130)])
def test_a_source_that_is_interrupted_ends_cleanly(
        verb: str, number: signal.Signals, code: int, start: Start, listen: Listen,
        parts: Path) -> None:
    listener = listen()
    process = start('camera', *SMALL) if verb == 'camera' else start('play', parts, '--loop')
    listener.until(lambda: len(listener.got['rgb/image']) > 25)
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == code
    assert 'Traceback' not in err


def test_play_gives_up_waiting_when_told_to(start: Start, parts: Path) -> None:
    process = start('play', parts, '--wait', 0.2)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert 'dcmd_ros: nobody subscribed to /rgb/image or /depth/image within 0.2 s' in err


def test_play_does_not_wait_when_told_not_to(start: Start, parts: Path) -> None:
    process = start('play', parts, '--wait', 0, '--fps', 200, '--json')
    out, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0 and json.loads(out.splitlines()[-1])['frames'] == 20


def test_a_damaged_file_ends_play_with_its_name(start: Start, parts: Path) -> None:
    (parts / 'test/bent/rgb/004.png').write_bytes(b'no picture')
    process = start('play', parts, '--wait', 0, '--fps', 200)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and 'Traceback' not in err
    assert 'test/bent/rgb/004.png: cannot be read' in err.splitlines()[-1]


@pytest.mark.parametrize(('arguments', 'hint'), [
    (('--ros-args', '-p', 'fault:=dorp rgb'), "fault: 'dorp' at character 1"),
    (('--ros-args', '-p', 'fault:=3'), 'fault must be a text'),
    (('--ros-args', '-r', 'nonsense'), 'ROS did not start')])
def test_bad_ros_arguments_are_one_plain_line(
        arguments: tuple[str, ...], hint: str, start: Start, parts: Path) -> None:
    process = start('play', parts, '--wait', 0, *arguments)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and 'Traceback' not in err
    assert err.splitlines()[-1].startswith('dcmd_ros: ') and hint in err.splitlines()[-1]
