"""The numbers of pairing: how near is near enough, how long to wait, when a sensor is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dcmd_ros.errors import DcmdError

if TYPE_CHECKING:
    from dcmd_ros.frame import Modality

Acquisition = Literal['stream', 'triggered']

MODALITIES: tuple[Modality, Modality] = ('rgb', 'depth')
SECOND = 1_000_000_000
MAX_SLOP = 20_000_000
MAX_DEADLINE = 100_000_000
MIN_LOST_AFTER = 500_000_000


class PairingError(DcmdError):
    """A setting of the pairing that makes no sense."""


@dataclass(frozen=True)
class PairingConfig:
    """
    Settings of the pairing, times in seconds; None = automatic, from the estimated period.

    slop          largest distance of two stamps of one frame: 0.4 periods, at most 0.02
    deadline      longest wait for the partner: 1.5 periods, at most 0.1
    lost_after    silence that makes a sensor lost: 3 periods, at least 0.5
    depth_offset  added to depth stamps before they are compared
    acquisition   `stream`: steady rates; `triggered`: a shot now and then
    freeze_count  identical payloads in a row that make a sensor frozen; 0 = never
    grace         how long a sensor may take to start up
    live          False: offline, nothing counts but the stamps and the order of the messages
    queue_size    messages of one sensor that may wait for their partner
    disabled      sensors that are not used: nobody waits for them
    """

    slop: float | None = None
    deadline: float | None = None
    lost_after: float | None = None
    depth_offset: float = 0.0
    acquisition: Acquisition = 'stream'
    freeze_count: int = 10
    grace: float = 5.0
    live: bool = True
    queue_size: int = 32
    disabled: frozenset[Modality] = frozenset()

    def __post_init__(self) -> None:
        for name in ('slop', 'deadline', 'lost_after', 'grace'):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise PairingError(f'{name} is {value}: give seconds, 0 or more')
        if self.queue_size < 1:
            raise PairingError(f'queue_size is {self.queue_size}: give 1 or more')
        if self.acquisition not in ('stream', 'triggered'):
            raise PairingError(f"acquisition is '{self.acquisition}': give stream or triggered")

    @property
    def triggered(self) -> bool:
        return self.acquisition == 'triggered'

    def slop_ns(self, period: int | None) -> int:
        """How far apart two stamps of one frame may lie, `period` in ns where it is known."""
        if self.slop is not None:
            return to_ns(self.slop)
        return MAX_SLOP if period is None else min(period * 2 // 5, MAX_SLOP)

    def deadline_ns(self, period: int | None) -> int:
        """How long a message waits for its partner."""
        if self.deadline is not None:
            return to_ns(self.deadline)
        return MAX_DEADLINE if period is None else min(period * 3 // 2, MAX_DEADLINE)

    def lost_after_ns(self, period: int | None) -> int:
        """The silence that makes a sensor lost; the grace while its period is not known."""
        if self.lost_after is not None:
            return to_ns(self.lost_after)
        return to_ns(self.grace) if period is None else max(period * 3, MIN_LOST_AFTER)


def to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(seconds * SECOND)
