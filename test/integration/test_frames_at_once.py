"""Frames that are being inspected while something else happens to the node."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from live import LIMIT, Bench, BrightSpots, inspector

from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection

pytestmark = pytest.mark.usefixtures('ros_domain')


class Waiting(BrightSpots):
    """Judges when the test lets it."""

    began, go = threading.Semaphore(0), threading.Event()

    def inspect(self, frame: Frame, *options: Any) -> Inspection:
        Waiting.began.release()
        assert Waiting.go.wait(LIMIT)
        return super().inspect(frame, *options)


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> type[Waiting]:
    monkeypatch.setattr(Waiting, 'began', threading.Semaphore(0))
    monkeypatch.setattr(Waiting, 'go', threading.Event())
    return Waiting


def test_frames_of_before_a_restart_are_not_published_after_it(waiting: type[Waiting]) -> None:
    with Bench() as bench, inspector(load=waiting, part_timeout=30.0) as node:
        bench.stream(lambda: waiting.began.acquire(blocking=False))
        bench.reach(Transition.TRANSITION_DEACTIVATE, 'inactive')
        bench.reach(Transition.TRANSITION_ACTIVATE, 'active')
        waiting.go.set()
        bench.wait_for(lambda: node.tally.counts('inference').get('inactive'))
        assert not bench.results
        bench.stream(lambda: bench.results)


def test_a_part_is_not_over_while_its_next_frame_is_inspected(waiting: type[Waiting]) -> None:
    waiting.go.set()
    with Bench() as bench, inspector(load=waiting, part_timeout=30.0) as node:
        told: list[object] = []
        node.parts._tell = told.append
        bench.stream(lambda: bench.results)
        bench.wait_for(lambda: node.pipeline.idle)
        waiting.go.clear()
        while waiting.began.acquire(blocking=False):
            pass
        bench.stream(lambda: waiting.began.acquire(blocking=False))
        node.parts._passes.timeout = 1
        node.worker.call(node._expire).result(LIMIT)
        assert not told and not node.pipeline.idle
        waiting.go.set()
        bench.wait_for(lambda: node.pipeline.idle)
        node.parts._passes.timeout = 1
        bench.wait_for(lambda: told)
