"""Stamps in serialized messages, against ROS' own serialization."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_msgs.msg import String

from dcmd_ros.nodes.source_messages import header
from dcmd_ros.nodes.stamped_bytes import shifted, shifted_label, stamp_of

STAMP = 1_700_000_000_123_456_789
KINDS = pytest.mark.parametrize('kind', [Image, CompressedImage, PointCloud2, CameraInfo])


@KINDS
def test_a_stamp_is_read_and_shifted_and_all_else_stays(kind: Any) -> None:
    message = kind(header=header(STAMP))
    data = serialize_message(message)
    assert stamp_of(data) == STAMP
    moved = deserialize_message(shifted(data, 2_000_000_001), kind)
    assert moved == kind(header=header(STAMP + 2_000_000_001))
    assert deserialize_message(shifted(data, -STAMP), kind) == kind(header=header(0))


def test_big_endian_messages_are_read_and_stay_big_endian() -> None:
    data = b'\x00\x00\x00\x00' + (3).to_bytes(4, 'big') + (500).to_bytes(4, 'big') + b'rest'
    assert stamp_of(data) == 3_000_000_500
    assert shifted(data, 1_000_000_000) == (
        b'\x00\x00\x00\x00' + (4).to_bytes(4, 'big') + (500).to_bytes(4, 'big') + b'rest')


def test_a_zero_stamp_stays_zero_and_none_leaves_the_range() -> None:
    data = serialize_message(Image())
    assert shifted(data, 5) == data
    late = shifted(serialize_message(Image(header=header(STAMP))), 10**19)
    assert stamp_of(late) == 2**31 * 10**9 - 1


def test_bytes_too_short_for_a_stamp_are_told() -> None:
    with pytest.raises(ValueError, match='3 bytes are no stamped message'):
        stamp_of(b'abc')


def test_a_label_is_shifted_and_keeps_what_else_it_says() -> None:
    said = {'stamp': '1.500000000', 'file': 'a', 'label': 'bent'}
    data = serialize_message(String(data=json.dumps(said)))
    found = json.loads(deserialize_message(shifted_label(data, 10**9), String).data)
    assert found == {**said, 'stamp': '2.500000000'}


@pytest.mark.parametrize('text', ['no JSON', '{}', '[]', '{"stamp": "yesterday"}'])
def test_a_label_without_a_stamp_stays_as_it_is(text: str) -> None:
    data = serialize_message(String(data=text))
    assert shifted_label(data, 10**9) == data
