"""Bags that this project did not write: other topics, other definitions, another's CDR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from foreign import ALIGNED, COLOUR, Pair, by_hand, by_mcap_ros2

from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.topics import choose
from dcmd_ros.sensing.camera_model import camera_model
from dcmd_ros.sensing.codec import decode_colour, decode_depth

STAMP, STEP = 1_700_000_000_123_456_789, 33_333_333


@pytest.fixture
def pairs() -> list[Pair]:
    rng = np.random.default_rng(3)
    return [(STAMP + index * STEP, rng.integers(0, 255, (12, 17, 3), np.uint8),
             rng.integers(0, 900, (12, 17), np.uint16)) for index in range(5)]


def check_images(bag: Bag, pairs: list[Pair]) -> None:
    choice = choose(bag.topics)
    assert (choice.rgb, choice.depth) == (f'{COLOUR}/image_raw', f'{ALIGNED}/image_raw')
    records = list(bag.records([f'{COLOUR}/image_raw', f'{ALIGNED}/image_raw']))
    assert len(records) == 2 * len(pairs)
    for (stamp, rgb, depth), colour, range_ in zip(pairs, records[::2], records[1::2],
                                                   strict=True):
        assert (decode_colour(colour.message) == rgb).all()
        assert np.allclose(decode_depth(range_.message), depth / 1000)
        for record in (colour, range_):
            sent = record.message.header.stamp
            assert sent.sec * 10**9 + sent.nanosec == stamp


@pytest.mark.parametrize('write', [by_hand, by_mcap_ros2])
def test_realsense_bag(tmp_path: Path, pairs: list[Pair],
                       write: Callable[[Path, list[Pair], float], Path]) -> None:
    if write is by_mcap_ros2:
        pytest.importorskip('mcap_ros2')
    with Bag(write(tmp_path / 'realsense.mcap', pairs, 20.0)) as bag:
        check_images(bag, pairs)
        assert bag.notes == []


def test_realsense_calibration(tmp_path: Path, pairs: list[Pair]) -> None:
    pytest.importorskip('mcap_ros2')
    with Bag(by_mcap_ros2(tmp_path / 'realsense.mcap', pairs, 20.0)) as bag:
        choice = choose(bag.topics)
        assert (choice.rgb_info, choice.depth_info) == (f'{COLOUR}/camera_info',
                                                        f'{ALIGNED}/camera_info')
        model = camera_model(next(bag.records([f'{COLOUR}/camera_info'])).message)
        assert (model.intrinsics.fx, model.intrinsics.cx, model.intrinsics.cy) == (20.0, 8.0, 5.5)
