"""`record` as a process on real DDS: what it takes, how it ends, what a kill leaves."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import LIMIT, SIZE, Bench, image, inspector
from rclpy.duration import Duration
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.reader import Bag

pytestmark = pytest.mark.usefixtures('ros_domain')
Start = Callable[..., 'Recording']
MEGABYTE = 1 << 20
LARGE = np.random.default_rng(0).integers(0, 255, (400, 1000, 3), np.uint8)  # hard to compress


class Recording:
    """`python -m dcmd_ros record` beside a bench; `last_line` of what it printed."""

    def __init__(self, bench: Bench, path: Path, *arguments: str, **options: Any) -> None:
        self.bench, self.path = bench, path
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'dcmd_ros', 'record', str(path), *arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def hears(self, *publishers: Publisher) -> None:
        """Wait until it has subscribed to all of them."""
        self.bench.wait_for(lambda: all(p.get_subscription_count() for p in publishers))

    def send(self, publisher: Publisher, *messages: Any) -> None:
        """Publish, and wait until it has got them."""
        for message in messages:
            publisher.publish(message)
        assert publisher.wait_for_all_acked(Duration(seconds=LIMIT))

    def end(self, number: int = signal.SIGINT, code: int = 0) -> str:
        """Interrupt it; what it printed on both streams."""
        self.process.send_signal(number)
        return self.wait(code)

    def wait(self, code: int = 0) -> str:
        out, err = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == code, out + err
        assert 'Traceback' not in err
        self.last_line = out.splitlines()[-1]
        return out + err

    def held_so_far(self) -> Counter[str]:
        """Messages by topic in the file while it is written, none before its first chunk."""
        try:
            return self.held()
        except BagError:
            return Counter()

    def held(self) -> Counter[str]:
        """Messages by topic in the file."""
        with Bag(self.path) as bag:
            return Counter(record.topic for record in bag.raw([t.name for t in bag.topics]))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench(publishes=False) as made:
        yield made


@pytest.fixture
def start(bench: Bench, tmp_path: Path) -> Iterator[Start]:
    running: list[Recording] = []

    def begin(*arguments: str, **options: Any) -> Recording:
        running.append(Recording(bench, tmp_path / 'out.mcap', *arguments, **options))
        return running[-1]
    yield begin
    for recording in running:
        recording.process.kill()
        recording.process.communicate()


def publisher(bench: Bench, kind: type, topic: str, reliable: bool = True) -> Publisher:
    return bench.node.create_publisher(kind, topic, QoSProfile(
        depth=100, reliability=ReliabilityPolicy.RELIABLE if reliable
        else ReliabilityPolicy.BEST_EFFORT))


def pictures(count: int, first: int = 1) -> list[Image]:
    return [image(number, np.full((*SIZE, 3), number, np.uint8), 'rgb8')
            for number in range(first, first + count)]


def test_what_is_sent_is_in_the_file_and_late_topics_from_then_on(
        bench: Bench, start: Start) -> None:
    colour = publisher(bench, Image, 'rgb/image')
    recording = start('--json')
    recording.hears(colour)
    begin = time.time_ns()
    sent = pictures(20)
    recording.send(colour, *sent)
    label = publisher(bench, String, 'truth/label')
    recording.hears(label)
    recording.send(label, String(data='a'), String(data='b'))
    recording.end()
    figures = json.loads(recording.last_line)
    with Bag(recording.path) as bag:
        raw = list(bag.raw(['/rgb/image']))
        assert bag.notes == []
        assert [deserialize_message(bytes(r.data), Image) for r in raw] == sent
        assert all(begin <= r.received <= time.time_ns() for r in raw)
        assert [r.message.data for r in bag.records(['/truth/label'])] == ['a', 'b']
    assert figures['messages'] == 22
    assert figures['topics']['/rgb/image'] == {
        'type': 'sensor_msgs/msg/Image', 'messages': 20, 'dropped': 0, 'lost': 0,
        'bytes': sum(len(r.data) for r in raw)}


def test_sigterm_ends_a_recording_too(bench: Bench, start: Start) -> None:
    colour = publisher(bench, Image, 'rgb/image')
    recording = start()
    recording.hears(colour)
    recording.send(colour, *pictures(3))
    assert '/rgb/image' in recording.end(signal.SIGTERM)
    assert recording.held() == {'/rgb/image': 3}


def test_duration_counts_from_the_first_message(bench: Bench, start: Start) -> None:
    colour = publisher(bench, Image, 'rgb/image')
    recording = start('--duration', '1000')
    recording.hears(colour)
    short = Recording(bench, recording.path.with_name('short.mcap'), '--duration', '0.5')
    bench.stream(lambda: short.process.poll() is not None,
                 publish=lambda stamp: colour.publish(pictures(1)[0]))
    short.wait()
    assert short.held()['/rgb/image'] > 0
    assert recording.process.poll() is None


def test_nothing_published_is_a_failure_without_a_file(bench: Bench, start: Start) -> None:
    publisher(bench, Image, 'camera/color/image_raw')
    recording = start('--duration', '1')
    told = recording.wait(code=1)
    assert not recording.path.exists()
    assert 'nobody publishes /rgb/image or /depth/image (there are /camera/color/image_raw)' \
        in told
    assert 'no message came' in told


def test_remapped_and_in_a_namespace(bench: Bench, start: Start) -> None:
    colour = publisher(bench, Image, 'camera/color')
    label = publisher(bench, String, 'cell/truth/label')
    other = publisher(bench, String, 'truth/label')
    recording = start('--ros-args', '-r', '__ns:=/cell', '-r', 'rgb/image:=/camera/color')
    recording.hears(colour, label)
    recording.send(colour, *pictures(2))
    recording.send(label, String(data='a'))
    recording.send(other, String(data='of another cell'))
    recording.end()
    assert recording.held() == {'/camera/color': 2, '/cell/truth/label': 1}


def test_compressed_where_no_raw_image_is_published(bench: Bench, start: Start) -> None:
    colour = publisher(bench, Image, 'rgb/image')
    spare = publisher(bench, CompressedImage, 'rgb/image/compressed')
    depth = publisher(bench, CompressedImage, 'depth/image/compressedDepth')
    recording = start()
    recording.hears(colour, depth)
    recording.send(colour, *pictures(1))
    recording.send(depth, CompressedImage(format='16UC1; compressedDepth png'))
    recording.send(spare, CompressedImage(format='jpeg'))
    recording.end()
    assert recording.held() == {'/rgb/image': 1, '/depth/image/compressedDepth': 1}


def test_latched_messages_of_other_topics(bench: Bench, start: Start) -> None:
    latched = bench.node.create_publisher(String, 'plan', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    latched.publish(String(data='long ago'))
    recording = start('--topics', 'plan')
    recording.hears(latched)
    assert latched.wait_for_all_acked(Duration(seconds=LIMIT))
    recording.end()
    with Bag(recording.path) as bag:
        assert [r.message.data for r in bag.records(['/plan'])] == ['long ago']


def test_a_best_effort_publisher_beside_a_reliable_one(bench: Bench, start: Start) -> None:
    reliable = publisher(bench, Image, 'rgb/image')
    recording = start('--json')
    recording.hears(reliable)
    recording.send(reliable, *pictures(2))
    best_effort = publisher(bench, Image, 'rgb/image', reliable=False)
    recording.hears(best_effort)
    bench.stream(lambda: recording.held_so_far()['/rgb/image'] > 2,
                 fps=5, publish=lambda stamp: best_effort.publish(pictures(1)[0]))
    assert 'subscribed anew' in recording.end()


@pytest.mark.parametrize(('option', 'there', 'absent'), [
    ((), {'/dcmd_inspector/inspection', '/dcmd_inspector/overlay', '/diagnostics', '/rgb/image'},
     {'/dcmd_inspector/points'}),
    (('--points',), {'/dcmd_inspector/points', '/dcmd_inspector/overlay'}, set()),
    (('--inputs-only',), {'/rgb/image', '/depth/image', '/rgb/camera_info'},
     {'/dcmd_inspector/inspection', '/diagnostics'}),
    (('--no-pictures',), {'/dcmd_inspector/inspection', '/rgb/camera_info', '/diagnostics'},
     {'/rgb/image', '/dcmd_inspector/overlay'}),
], ids=['all', 'points', 'inputs', 'figures'])
def test_inputs_and_outputs(
        option: tuple[str, ...], there: set[str], absent: set[str], start: Start) -> None:
    with inspector(), Bench() as camera:
        recording = start(*option)
        camera.stream(lambda: there <= recording.held_so_far().keys(), fps=5)
        recording.end()
    assert not absent & recording.held().keys()


def test_a_kill_loses_no_more_than_the_last_chunk(bench: Bench, start: Start) -> None:
    colour = publisher(bench, Image, 'rgb/image')
    recording = start()
    recording.hears(colour)
    recording.send(colour, *(image(n, LARGE, 'rgb8') for n in range(1, 6)))
    bench.wait_for(lambda: recording.held_so_far()['/rgb/image'] == 5)
    recording.send(colour, *pictures(2, first=6))  # into a chunk that is not finished
    recording.process.kill()
    recording.process.wait()
    with Bag(recording.path) as bag:
        stamps = [r.message.header.stamp.nanosec for r in bag.records(['/rgb/image'])]
        notes = ' '.join(bag.notes)
    assert stamps == list(range(1, len(stamps) + 1)) and len(stamps) >= 5
    assert notes, 'what is missing must be told'


def test_a_full_disk_ends_the_recording_and_keeps_the_whole_chunks(
        bench: Bench, start: Start) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5 * MEGABYTE, 5 * MEGABYTE))
    colour = publisher(bench, Image, 'rgb/image')
    recording = start('--json', preexec_fn=limit)
    recording.hears(colour)
    bench.stream(lambda: recording.process.poll() is not None, fps=20,
                 publish=lambda stamp: colour.publish(image(stamp, LARGE, 'rgb8')))
    told = recording.wait(code=1)
    assert f'{recording.path}: cannot be written on' in told and 'are safe in it' in told
    held = recording.held()['/rgb/image']
    assert held == 4  # of 1.2 MB each
    assert f'{held} messages' in told
