"""A source's faults go by its own frames, however the machine's time runs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from rclpy.context import Context
from rclpy.parameter import Parameter

from dcmd_ros.nodes.source import RgbdSource, SourceFrame

PERIOD = 50_000_000  # nanoseconds
FRAME = SourceFrame(np.zeros((4, 6, 3), np.uint8), np.ones((4, 6), np.float32), None, 'good', '',
                    None)


@pytest.fixture
def source(ros_domain: int) -> Iterator[RgbdSource]:
    context = Context()
    context.init(domain_id=ros_domain)
    node = RgbdSource('source', context, 'drop depth 0.25s-0.5s')
    yield node
    node.destroy_node()
    context.shutdown()


def test_a_window_takes_the_frames_that_lie_in_it_at_once_or_slowly(source: RgbdSource) -> None:
    for number in range(20):
        source.send(FRAME, number * PERIOD)
        assert source.withheld['depth'] == min(max(number - 4, 0), 5)
    assert source.withheld['rgb'] == 0 and source.sent == {'rgb': 20, 'depth': 15}


def test_after_a_change_the_times_count_from_the_next_frame(source: RgbdSource) -> None:
    for number in range(100, 110):
        source.send(FRAME, number * PERIOD)
    assert source.withheld == {'depth': 5}
    source.set_parameters([Parameter('fault', value='drop rgb 0-0.1')])
    for number in range(110, 120):
        source.send(FRAME, number * PERIOD)
    assert source.withheld == {'depth': 5, 'rgb': 2}
