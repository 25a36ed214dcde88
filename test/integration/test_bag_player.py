"""`play` of a bag, as a process on real DDS."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from listening import Listen, Listener, Start, finish
from live import LIMIT
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from small_bag import APART, BEGIN, DELAY, SmallBag

from dcmd_ros.nodes.audience import SETTLED
from dcmd_ros.stream import stamps

LABELS = ['good'] * 12 + ['bent'] * 8
CLOCK = {'/clock': Clock}


@pytest.fixture
def bag(tmp_path: Path) -> SmallBag:
    return SmallBag(tmp_path / 'line.mcap', LABELS).write()


def times(listener: Listener) -> list[int]:
    return [m.clock.sec * 10**9 + m.clock.nanosec for m in listener.got['/clock']]


def test_with_clock_all_comes_as_recorded(start: Start, listen: Listen, bag: SmallBag) -> None:
    listener = listen(more=CLOCK)
    figures = finish(start('play', bag.path, '--clock', '--rate', '2', '--json'), listener)
    assert figures['labels'] == {'good': 12, 'bent': 8} and figures['frames'] == 20
    got = listener.got
    assert listener.stamps('rgb/image') == bag.stamps
    assert listener.stamps('depth/image') == [stamp + APART for stamp in bag.stamps]
    assert [m.data[0] for m in got['rgb/image']] == list(range(1, 21))
    assert [m.header for m in got['rgb/camera_info']] == [m.header for m in got['rgb/image']]
    assert [m.header for m in got['truth/mask']] == [m.header for m in got['rgb/image']]
    assert [said['stamp'] for said in listener.labels()] == list(map(stamps.seconds, bag.stamps))
    clock = times(listener)
    assert clock == sorted(clock) and clock[0] == BEGIN
    assert clock[-1] <= bag.stamps[-1] + APART + DELAY


def test_without_clock_stamps_are_of_now_and_keep_their_distances(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    listener, before = listen(), time.time_ns()
    finish(start('play', bag.path, '--json'), listener)
    rgb = listener.stamps('rgb/image')
    assert before < rgb[0] < time.time_ns()
    shift = rgb[0] - bag.stamps[0]
    assert rgb == [stamp + shift for stamp in bag.stamps]
    assert listener.stamps('depth/image') == [stamp + APART for stamp in rgb]
    assert [said['stamp'] for said in listener.labels()] == list(map(stamps.seconds, rgb))
    assert listener.stamps('truth/mask') == rgb == listener.stamps('rgb/camera_info')


def test_a_loop_begins_again_with_the_same_stamps_and_its_clock_jumps_back(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    listener = listen(more=CLOCK)
    process = start('play', bag.path, '--clock', '--rate', '4', '--loop')
    listener.until(lambda: len(listener.got['rgb/image']) > 45)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130 and 'Traceback' not in err
    assert listener.stamps('rgb/image')[:45] == (bag.stamps * 3)[:45]
    clock = times(listener)
    assert sum(later < earlier for earlier, later in zip(clock, clock[1:], strict=False)) == 2


def test_without_clock_each_pass_is_stamped_anew(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    listener = listen()
    process = start('play', bag.path, '--loop')
    listener.until(lambda: len(listener.got['rgb/image']) > 30)
    process.kill()
    got = listener.stamps('rgb/image')[:30]
    assert got == sorted(set(got))
    assert [b - a for a, b in zip(got[20:], got[21:], strict=False)] == [
        b - a for a, b in zip(bag.stamps[:10], bag.stamps[1:10], strict=False)]


def test_a_pause_stops_messages_and_clock_and_the_rate_changes_meanwhile(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    listener = listen(more=CLOCK)
    process = start('play', bag.path, '--clock', '--loop', '--ros-args', '-p', 'rate:=2.0')
    got = listener.got
    listener.until(lambda: len(got['rgb/image']) > 3)
    assert listener.set('player', 'paused', True).successful
    listener.until(standing_still(listener))
    images = len(got['rgb/image'])
    assert not listener.set('player', 'rate', -1.0).successful
    assert listener.set('player', 'rate', 5.0).successful
    listener.until(standing_still(listener))
    assert len(got['rgb/image']) == images
    assert listener.set('player', 'paused', False).successful
    listener.until(lambda: len(got['rgb/image']) > images + 25)
    assert listener.stamps('rgb/image')[:images + 25] == (bag.stamps * 9)[:images + 25]
    process.kill()


def standing_still(listener: Listener) -> Callable[[], bool]:
    """A condition: the clock has told the same time very often since now."""
    since = len(listener.got['/clock'])

    def holds() -> bool:
        told: list[Any] = times(listener)[since:]
        return len(told) > 100 and len(set(told[-50:])) == 1
    return holds


def test_a_fault_takes_the_frames_of_its_window_in_the_time_of_the_bag(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    listener = listen()
    figures = finish(start('play', bag.path, '--clock', '--json', '--fault',
                           'drop depth 0.25s-0.5s, encoding rgb 0.5s-'), listener)
    assert figures['withheld'] == {'depth': 5} and figures['sent'] == {'rgb': 20, 'depth': 15}
    assert listener.stamps('depth/image') == [
        stamp + APART for n, stamp in enumerate(bag.stamps) if not 5 <= n < 10]
    assert listener.stamps('depth/camera_info') == listener.stamps('depth/image')
    assert [m.encoding for m in listener.got['rgb/image']] == ['rgb8'] * 10 + [
        'no_such_encoding'] * 10


def test_a_compressed_topic_stays_compressed_unless_a_fault_befalls_it(
        start: Start, listen: Listen, tmp_path: Path) -> None:
    bag = SmallBag(tmp_path / 'small.mcap', LABELS[:4]).write(compressed=True)
    listener = listen(more={'rgb/image/compressed': CompressedImage})
    process = start('play', bag.path, '--clock')
    listener.until(lambda: len(listener.got['rgb/image/compressed']) == 4)
    _, err = process.communicate(timeout=LIMIT)
    assert 'the inspector needs -p rgb.transport:=compressed' in err
    assert listener.got['rgb/image'] == []
    assert listener.stamps('rgb/image/compressed') == bag.stamps
    process = start('play', bag.path, '--clock', '--fault', 'blur rgb')
    listener.until(lambda: len(listener.got['rgb/image']) == 4)
    _, err = process.communicate(timeout=LIMIT)
    assert 'the inspector needs' not in err
    assert len(listener.got['rgb/image/compressed']) == 4


def test_it_waits_for_a_node_that_it_was_told_of(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    listener = listen()
    refuses(start('play', bag.path, '--wait', 5, '--wait-for', 'nobody'), listener,
            'node nobody did not come up within 5 s')
    listener.executor.add_node(Node('observer', context=listener.context))
    finish(start('play', bag.path, '--wait-for', 'observer', '--json'), listener)


def test_the_node_that_it_waits_for_is_no_listener(
        start: Start, listen: Listen, bag: SmallBag) -> None:
    """An observer may be found seconds before the inspector."""
    listener = listen()
    refuses(start('play', bag.path, '--wait', 5, '--wait-for', 'listener'), listener,
            'nobody subscribed to /rgb/image or /depth/image within 5 s')


def test_a_node_that_it_waits_for_may_listen_late(
        start: Start, listen: Listen, tmp_path: Path) -> None:
    """As an observer does that has to find out first that no CameraInfo comes."""
    bag = SmallBag(tmp_path / 'small.mcap', LABELS[:4]).write(infos=False)
    listener = listen()
    late = Node('observer', context=listener.context)
    listener.executor.add_node(late)
    process = start('play', bag.path, '--wait-for', 'observer')
    listener.until(lambda: late.count_publishers('rgb/image'))
    paused = time.monotonic() + 3 * SETTLED
    listener.until(lambda: time.monotonic() > paused)
    heard: list[Image] = []
    late.create_subscription(Image, 'rgb/image', heard.append, QoSProfile(depth=10))
    listener.until(lambda: process.poll() is not None)
    assert process.returncode == 0
    listener.until(lambda: len(heard) == 4)


def refuses(process: subprocess.Popen[str], listener: Listener, reason: str) -> None:
    """It ends without having sent an image, and says why."""
    listener.until(lambda: process.poll() is not None)
    assert process.returncode == 1 and listener.got['rgb/image'] == []
    assert process.communicate()[1].splitlines()[-1].startswith(f'dcmd_ros: {reason}')


def test_ros2_bag_play_is_started_once_somebody_listens(
        start: Start, listen: Listen, bag: SmallBag, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """No real one: a program of that name says what it was given."""
    program = tmp_path / 'ros2'
    program.write_text('#!/bin/sh\necho given "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
    given = ('play', bag.path, '--clock', '--ros2-bag')
    unheard = start(*given, '--wait', '1')
    assert 'given' not in unheard.communicate(timeout=LIMIT)[0] and unheard.returncode == 1
    listener = listen()
    listener.executor.add_node(Node('observer', context=listener.context))
    process = start(*given, '--wait-for', 'observer')
    listener.until(lambda: process.poll() is not None)
    said = process.communicate()[0]
    assert said.startswith(f'given bag play {bag.path} --clock ')
    assert '/cam/color/image_raw:=/rgb/image' in said and '/truth/label:=/truth/label' in said


@pytest.mark.parametrize(('arguments', 'hint'), [
    (('--split', 'validation'), '--split is for data sets'),
    (('--fps', '5'), '--fps is for data sets'),
    (('--ros2-bag',), '--ros2-bag needs --clock'),
    (('--rgb', '/nothing'), '--rgb /nothing: the bag has no such topic'),
    (('--rate', '5000'), 'the rate must be from 0.001 to 1000'),
    (('--ros-args', '-p', 'rate:=2'), 'with a point')])
def test_what_it_cannot_do_with_a_bag_is_one_plain_line(
        arguments: tuple[str, ...], hint: str, start: Start, bag: SmallBag) -> None:
    process = start('play', bag.path, '--wait', 0, *arguments)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode != 0 and 'Traceback' not in err and hint in err
