"""The numbers of pairing; None stands for the automatic ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import MODALITIES, Modality

SECOND = 1_000_000_000
RGB, DEPTH = MODALITIES

SLOP_SHARE, SLOP_MOST = 0.4, SECOND // 50
DEADLINE_PERIODS, DEADLINE_MOST = 1.5, SECOND // 10
LOST_PERIODS, LOST_LEAST = 3.0, SECOND // 2


class PairingError(DcmdError):
    """A setting of the pairing that makes no sense."""


@dataclass(frozen=True)
class PairingConfig:
    """
    slop          largest stamp difference of a pair, s; automatic: 0.4 periods, at most 0.02
    deadline      how long a message waits for its partner, s; automatic: 1.5 periods, at most 0.1
    lost_after    silence that makes a sensor lost, s; automatic: 3 periods, at least 0.5
    depth_offset  added to depth's stamps before matching, s
    acquisition   'stream', or 'triggered': one message of each sensor per shot
    freeze_count  so many identical payloads are a frozen sensor, 0 = do not look
    grace         how long a sensor may take to appear, s
    live          False: message time alone, so that replay is deterministic
    queue_size    messages that may wait for a partner, for each sensor
    disabled      sensors that are not used
    """

    slop: float | None = None
    deadline: float | None = None
    lost_after: float | None = None
    depth_offset: float = 0.0
    acquisition: Literal['stream', 'triggered'] = 'stream'
    freeze_count: int = 10
    grace: float = 5.0
    live: bool = True
    queue_size: int = 32
    disabled: frozenset[Modality] = frozenset()

    def __post_init__(self) -> None:
        for name in ('slop', 'deadline', 'lost_after', 'grace'):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float('inf'):
                raise PairingError(f'{name} is {value}: give seconds, 0 or more')
        if self.queue_size < 1:
            raise PairingError(f'queue_size is {self.queue_size}: give 1 or more')
        if self.acquisition not in ('stream', 'triggered'):
            raise PairingError(f"acquisition is '{self.acquisition}': give stream or triggered")

    @property
    def triggered(self) -> bool:
        return self.acquisition == 'triggered'

    def slop_ns(self, period: int | None) -> int:
        """:param period: the shorter one of the two sensors, nanoseconds, None where unknown"""
        return numbered(self.slop, period, SLOP_SHARE, most=SLOP_MOST)

    def deadline_ns(self, period: int | None) -> int:
        """:param period: of the sensor that is waited for"""
        return numbered(self.deadline, period, DEADLINE_PERIODS, most=DEADLINE_MOST)

    def lost_ns(self, period: int | None) -> int:
        """:param period: of the silent sensor; the grace counts while it is not known"""
        if self.lost_after is not None:
            return round(self.lost_after * SECOND)
        return round(self.grace * SECOND) if period is None else max(
            LOST_LEAST, round(LOST_PERIODS * period))


def numbered(chosen: float | None, period: int | None, share: float, most: int) -> int:
    """The user's number, else the share of the period up to `most`; `most` without a period."""
    if chosen is not None:
        return round(chosen * SECOND)
    return most if period is None else min(most, round(share * period))


def partner(modality: Modality) -> Modality:
    """The other sensor."""
    return DEPTH if modality == RGB else RGB
