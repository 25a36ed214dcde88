"""Stamps read and changed in serialized messages, which are not unpacked for it."""

from __future__ import annotations

import json
import struct

from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import String

from dcmd_ros.sensing.faults import LAST_STAMP, SECOND
from dcmd_ros.stream import stamps

BEGIN, END = 4, 12  # of the header's stamp, behind CDR's own four bytes


def stamp_of(data: bytes) -> int:
    """
    Nanoseconds of the header that a message begins with.

    :raises ValueError: too short to hold one
    """
    if len(data) < END:
        raise ValueError(f'{len(data)} bytes are no stamped message')
    sec, nanosec = struct.unpack(order(data) + 'iI', data[BEGIN:END])
    return int(sec) * SECOND + int(nanosec)


def shifted(data: bytes, by: int) -> bytes:
    """The message with its header's stamp later by so many nanoseconds; zero stays zero."""
    stamp = stamp_of(data)
    if stamp == 0 or by == 0:
        return data
    moved = divmod(min(max(stamp + by, 0), LAST_STAMP), SECOND)
    return data[:BEGIN] + struct.pack(order(data) + 'iI', *moved) + data[END:]


def order(data: bytes) -> str:
    """CDR's byte order, as struct writes it."""
    return '<' if data[1] & 1 else '>'


def shifted_label(data: bytes, by: int) -> bytes:
    """The same of a `truth/label`; one without a stamp stays as it is."""
    try:
        said = json.loads(deserialize_message(data, String).data)
        said['stamp'] = stamps.seconds(stamps.parsed(str(said['stamp'])) + by)
    except (ValueError, KeyError, TypeError):
        return data
    return serialize_message(String(data=json.dumps(said)))
