"""Messages on their way: one that arrived, and those that make one frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from dcmd_ros.frame import MODALITIES, Modality

NANOSECONDS = 1_000_000_000


def nanoseconds(stamp: Time) -> int:
    """A stamp as one integer."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


@dataclass(frozen=True)
class Arrival:
    """
    A message and when it came; passes for a message in the synchroniser.

    message   Image, CompressedImage or PointCloud2
    received  steady clock, nanoseconds
    digest    checksum of the payload, None where nobody asked for one
    """

    message: Any
    received: int
    digest: int | None = None

    @property
    def header(self) -> Header:
        return self.message.header

    @property
    def stamp(self) -> int:
        """The header's stamp in nanoseconds."""
        return nanoseconds(self.message.header.stamp)


@dataclass(frozen=True)
class Shot:
    """
    What the synchroniser made one frame of.

    emitted  steady clock, nanoseconds
    states   health of each modality at that moment
    """

    rgb: Arrival | None
    depth: Arrival | None
    emitted: int
    states: Mapping[Modality, str]

    def arrival(self, modality: Modality) -> Arrival | None:
        return self.rgb if modality == 'rgb' else self.depth

    @property
    def frozen(self) -> tuple[Modality, ...]:
        """The modalities that came from a frozen sensor."""
        return tuple(m for m in MODALITIES
                     if self.arrival(m) is not None and self.states[m] == 'frozen')

    @property
    def live(self) -> Shot:
        """Itself without the modalities whose sensor is frozen."""
        rgb, depth = (None if m in self.frozen else self.arrival(m) for m in MODALITIES)
        return dataclasses.replace(self, rgb=rgb, depth=depth)

    @property
    def empty(self) -> bool:
        return self.rgb is None and self.depth is None

    @property
    def received(self) -> int:
        """When its first message arrived."""
        return min(a.received for a in (self.rgb, self.depth) if a is not None)
