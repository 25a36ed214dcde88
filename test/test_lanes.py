"""Jobs side by side: results in order, the same as one after the other, errors told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from detector_rig import frame_of, has_hole, tiny_model

from dcmd_ros.inspector import Inspector
from dcmd_ros.network.lanes import Lanes


def test_results_keep_their_order_whoever_ends_first() -> None:
    last = threading.Event()

    def first() -> str:
        assert last.wait(60)
        return 'first'

    def second() -> str:
        last.set()
        return 'second'
    assert Lanes()([first, second]) == ['first', 'second']


def test_what_a_job_raises_is_raised() -> None:
    def fail() -> None:
        raise ValueError('in a lane')
    with pytest.raises(ValueError, match='in a lane'):
        Lanes()([lambda: None, fail])
    with pytest.raises(ValueError, match='in a lane'):
        Lanes().begin(fail)()


def test_what_others_do_has_ended_when_one_fails() -> None:
    began, go, ended = (threading.Event() for _ in range(3))

    def fail() -> None:
        assert began.wait(60)
        threading.Timer(0.05, go.set).start()
        raise ValueError('first')

    def slow() -> None:
        began.set()
        assert go.wait(60)
        ended.set()
    with pytest.raises(ValueError, match='first'):
        Lanes()([fail, slow, lambda: None])
    assert ended.is_set()


def test_a_lane_has_one_core_and_keeps_no_gradients_and_others_keep_theirs() -> None:
    threads = torch.get_num_threads()
    told = Lanes()([partial(lambda: (torch.get_num_threads(), torch.is_inference_mode_enabled()))])
    assert told == [(1, True)]
    assert torch.get_num_threads() == threads and not torch.is_inference_mode_enabled()


def test_inspection_is_the_same_with_lanes_and_without(tmp_path: Path) -> None:
    model = tiny_model(tmp_path)
    inspectors = [Inspector(model, 'cpu') for _ in range(2)]
    for inspector, lanes in zip(inspectors, (Lanes(), None), strict=True):
        inspector._detector.lanes = lanes
    for frame in (frame_of(5), has_hole(frame_of(6))):
        for seen in (frame, replace(frame, rgb=None), replace(frame, depth=None)):
            one, other = (inspector.inspect(seen) for inspector in inspectors)
            assert one.score == pytest.approx(other.score, abs=1e-4)
            np.testing.assert_allclose(one.map, other.map, atol=1e-3)


def test_of_two_frames_each_keeps_to_its_own_thread() -> None:
    lanes, me = Lanes(), threading.get_ident()
    with lanes.frame():
        assert torch.get_num_threads() == 1
        with lanes.frame():
            assert lanes([threading.get_ident] * 4) == [me] * 4
            assert lanes.begin(threading.get_ident)() == me
        begun = threading.Event()
        lanes.begin(begun.set)
        assert begun.wait(60), 'alone it has the other lane again'


def test_who_waits_does_what_no_lane_had_time_for() -> None:
    lanes, go = Lanes(), threading.Event()
    busy = lanes.begin(partial(go.wait, 60))
    assert lanes.begin(threading.get_ident)() == threading.get_ident()
    assert lanes([threading.get_ident] * 3) == [threading.get_ident()] * 3
    go.set()
    assert busy()


def test_frames_together_are_judged_as_one_after_the_other(tmp_path: Path) -> None:
    inspector = Inspector(tiny_model(tmp_path), 'cpu', threads=2)
    assert inspector.at_once == 2
    frames = [change(frame_of(seed)) for seed in range(4) for change in (
        lambda f: f, has_hole, lambda f: replace(f, rgb=None), lambda f: replace(f, depth=None))]
    one_by_one = [inspector.inspect(frame) for frame in frames]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(inspector.inspect, frames))
    for one, other in zip(one_by_one, together, strict=True):
        assert (other.stamp, other.mode, other.verdict) == (one.stamp, one.mode, one.verdict)
        np.testing.assert_allclose(other.map, one.map, atol=1e-3)
        assert other.timings.keys() == one.timings.keys()
