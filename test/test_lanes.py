"""Jobs side by side: results in order, the same as one after the other, errors told."""

from __future__ import annotations

import threading
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
        Lanes().begin(fail).result()


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
