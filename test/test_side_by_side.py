"""Work on many parts at a time."""

from __future__ import annotations

import os
import threading

import pytest
import torch

from dcmd_ros.training.side_by_side import side_by_side, workers


def test_results_come_in_order_whoever_is_first() -> None:
    second = threading.Event()

    def work(index: int) -> int:
        if index == 0 and len(os.sched_getaffinity(0)) > 1:
            assert second.wait(60)
        second.set()
        return 10 * index
    assert side_by_side(work, 4, 'x', 'cpu') == [0, 10, 20, 30]
    assert side_by_side(work, 0, 'x', 'cpu') == []


def test_each_core_has_a_thread_and_a_gpu_one() -> None:
    with workers('cpu') as lanes:
        assert lanes._max_workers == len(os.sched_getaffinity(0))
        assert lanes._max_workers == 1 or lanes.submit(torch.get_num_threads).result() == 1
    with workers('cuda:0') as lanes:
        assert lanes._max_workers == 1


def test_what_fails_is_told_and_the_rest_is_left() -> None:
    done = []

    def work(index: int) -> None:
        if index == 1:
            raise ValueError('part 1')
        done.append(index)
    with pytest.raises(ValueError, match='part 1'):
        side_by_side(work, 10_000, 'x', 'cpu')
    assert len(done) < 10_000
