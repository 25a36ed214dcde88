"""Messages on their way: one that arrived, and those that make one frame."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcmd_ros.frame import MODALITIES, Modality

NANOSECONDS = 1_000_000_000


def nanoseconds(stamp: Any) -> int:
    """A message's stamp as one integer."""
    return stamp.sec * NANOSECONDS + stamp.nanosec


def digest(message: Any) -> int:
    """A checksum of the payload, quick: no protection against anybody."""
    return zlib.adler32(message.data)


@dataclass(frozen=True)
class Arrival:
    """
    A message and when it came; passes for a message in the synchroniser.

    message   Image, CompressedImage or PointCloud2, of rclpy or read from a bag
    received  steady clock, nanoseconds
    digest    checksum of the payload, None where nobody asked for one
    """

    message: Any
    received: int
    digest: int | None = None

    @property
    def header(self) -> Any:
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
