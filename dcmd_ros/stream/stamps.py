"""Stamps as text: seconds with nine decimals."""

from __future__ import annotations

import re

from dcmd_ros.stream.config import SECOND

_WRITTEN = re.compile(r'(\d{1,11})(?:\.(\d{1,9}))?')


def seconds(stamp: int) -> str:
    """Nanoseconds as s.nnnnnnnnn."""
    return f'{stamp // SECOND}.{stamp % SECOND:09d}'


def parsed(text: str) -> int:
    """
    The nanoseconds of s.nnnnnnnnn, exactly; fewer decimals will do.

    :raises ValueError: it reads otherwise; whole nanoseconds are refused as such
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text.strip()!r} is no stamp: write seconds, with up to nine decimals, '
                         'as 1700000000.033333333')
    whole, decimals = found.groups(default='')
    return int(whole) * SECOND + int(f'{decimals:0<9}')
