"""The interface of message_filters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from scripted import EVENTS, MS, SECOND

from dcmd_ros.stream.config import PairingConfig
from dcmd_ros.stream.synchronizer import ModalitySynchronizer


class Source:
    """What message_filters' SimpleFilter does."""

    def __init__(self) -> None:
        self.callbacks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> int:  # noqa: N802
        self.callbacks.append((cb, args))
        return len(self.callbacks) - 1

    def send(self, stamp: int, **extra: Any) -> SimpleNamespace:
        header = SimpleNamespace(stamp=SimpleNamespace(sec=stamp // SECOND,
                                                       nanosec=stamp % SECOND))
        message = SimpleNamespace(header=header, **extra)
        for callback, args in self.callbacks:
            callback(message, *args)
        return message


class Rig:
    """Two sources, a synchroniser and a clock to set."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.now = 0
        self.rgb, self.depth = Source(), Source()
        self.frames: list[tuple[Any, ...]] = []
        self.synchronizer = ModalitySynchronizer(
            [self.rgb, self.depth], *arguments, clock=lambda: self.now, **options)

    def listen(self, *args: Any) -> Rig:
        self.synchronizer.registerCallback(lambda *frame: self.frames.append(frame), *args)
        return self


def test_the_callback_gets_one_message_of_each_or_none() -> None:
    rig = Rig().listen()
    rgb, depth = rig.rgb.send(SECOND), rig.depth.send(SECOND)
    single = rig.depth.send(2 * SECOND)
    rig.now = 200 * MS
    rig.synchronizer.poll()
    assert rig.frames == [(rgb, depth), (None, single)]


def test_queue_size_and_slop_are_message_filters_arguments() -> None:
    rig = Rig(5, 0.05)
    config = rig.synchronizer.pairing.config
    assert (config.queue_size, config.slop) == (5, 0.05)
    rig.listen()
    rig.rgb.send(SECOND)
    rig.depth.send(SECOND + 49 * MS)
    rig.now = SECOND
    rig.synchronizer.poll()
    assert None not in rig.frames[0]


def test_the_other_numbers_come_with_a_config() -> None:
    rig = Rig(config=PairingConfig(deadline=0.01)).listen()
    rig.rgb.send(SECOND)
    rig.now = 9 * MS
    rig.synchronizer.poll()
    assert rig.frames == []
    rig.now = 11 * MS
    rig.synchronizer.poll()
    assert len(rig.frames) == 1


def test_callbacks_get_their_extra_arguments_in_the_order_of_registration() -> None:
    rig = Rig()
    calls: list[tuple[str, int]] = []
    for name in ('first', 'second'):
        rig.synchronizer.registerCallback(
            lambda rgb, depth, name, number: calls.append((name, number)), name, len(name))
    rig.rgb.send(SECOND)
    rig.depth.send(SECOND)
    assert calls == [('first', 5), ('second', 6)]


def test_connect_input_takes_filters_later() -> None:
    rig = Rig().listen()
    rgb, depth = Source(), Source()
    rig.synchronizer.connectInput([rgb, depth])
    rgb.send(SECOND)
    depth.send(SECOND)
    assert len(rig.frames) == 1


def test_exactly_two_filters_are_taken() -> None:
    with pytest.raises(ValueError):
        ModalitySynchronizer([Source()])


def test_an_exception_in_a_callback_stops_neither_other_callbacks_nor_later_frames() -> None:
    rig = Rig()

    def fail(rgb: Any, depth: Any) -> None:
        raise ValueError('of the callback')
    rig.synchronizer.registerCallback(fail)
    rig.listen()
    for index in range(1, 4):
        rig.rgb.send(index * SECOND)
        with pytest.raises(ValueError, match='of the callback'):
            rig.depth.send(index * SECOND)
    assert len(rig.frames) == 3


def test_an_exception_in_a_callback_does_not_lock_other_threads_out() -> None:
    rig = Rig()
    rig.synchronizer.registerCallback(lambda rgb, depth: 1 // 0)
    rig.rgb.send(SECOND)
    with pytest.raises(ZeroDivisionError):
        rig.depth.send(SECOND)
    other = threading.Thread(target=rig.rgb.send, args=(2 * SECOND,), daemon=True)
    other.start()
    other.join(10)
    assert not other.is_alive()


def test_an_exception_for_one_of_several_frames_keeps_the_others() -> None:
    rig = Rig(config=PairingConfig(live=False, deadline=10.0))
    seen = []

    def fail_once(rgb: Any, depth: Any) -> None:
        seen.append(rgb.header.stamp.sec)
        if len(seen) == 1:
            raise ValueError
    rig.synchronizer.registerCallback(fail_once)
    for second in (1, 2, 3):
        rig.rgb.send(second * SECOND)
    with pytest.raises(ValueError):
        rig.synchronizer.flush()
    assert seen == [1, 2, 3]


def test_a_callback_may_use_the_synchroniser() -> None:
    rig = Rig()
    states = []

    def look(rgb: Any, depth: Any) -> None:
        rig.synchronizer.poll()
        states.append(rig.synchronizer.pairing.states['rgb'])
    rig.synchronizer.registerCallback(look)
    rig.rgb.send(SECOND)
    rig.depth.send(SECOND)
    assert states == ['ok']


def test_the_digest_of_a_message_finds_a_frozen_sensor() -> None:
    rig = Rig(config=PairingConfig(freeze_count=3))
    for index in range(1, 4):
        rig.now = index * 33 * MS
        rig.rgb.send(index * 33 * MS)
        rig.depth.send(index * 33 * MS, digest=42)
    assert rig.synchronizer.pairing.states == {'rgb': 'ok', 'depth': 'frozen'}


def test_the_ros_clock_reaches_the_pairing() -> None:
    rig = Rig()
    for now in (0, SECOND):
        rig.now = now
        rig.synchronizer.poll(clock=5)
    assert rig.synchronizer.pairing.states['rgb'] == 'paused'


def test_both_sensors_threads_and_a_timer_lose_no_message() -> None:
    rig = Rig().listen()
    count = 400

    def send(source: Source) -> None:
        for index in range(1, count + 1):
            source.send(index * 33 * MS)

    def poll() -> None:
        for _ in range(count):
            rig.synchronizer.poll()
    threads = [threading.Thread(target=send, args=(source,)) for source in (rig.rgb, rig.depth)]
    threads.append(threading.Thread(target=poll))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    rig.synchronizer.flush()
    pairing = rig.synchronizer.pairing
    for index, modality in enumerate(('rgb', 'depth')):
        drops = sum(n for name, n in pairing.counters.items()
                    if name.startswith(modality) and name.split('.')[1] not in EVENTS)
        in_frames = sum(frame[index] is not None for frame in rig.frames)
        assert in_frames + drops == count
