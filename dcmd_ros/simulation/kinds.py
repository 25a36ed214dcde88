"""The kinds of part, each with its station, camera and limits of pose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dcmd_ros.simulation import moulded, sheet, turned, woven
from dcmd_ros.simulation.surface import Surface


@dataclass(frozen=True)
class Kind:
    """
    One kind of part and its place.

    build     from the lot's and the part's generator
    station   name in station.STATIONS
    camera    distance in metres, tilt and pan in radians
    radius    of the circle around the part, metres
    reach     largest offset from the middle along x and y, metres
    yaw       largest turn, radians
    """

    build: Callable[[np.random.Generator, np.random.Generator], Surface]
    station: str
    camera: tuple[float, float, float]
    radius: float
    reach: tuple[float, float]
    yaw: float


KINDS: Mapping[str, Kind] = MappingProxyType({
    'turned': Kind(turned.build, 'belt', (0.65, 0.16, 0.03), 0.091, (0.02, 0.012), np.pi),
    'moulded': Kind(moulded.build, 'plate', (0.68, -0.12, 0.05), 0.092, (0.012, 0.012), 0.12),
    'sheet': Kind(sheet.build, 'bench', (0.65, 0.1, -0.08), 0.09, (0.015, 0.015), 0.14),
    'woven': Kind(woven.build, 'rollers', (0.62, -0.08, -0.04), 0.094, (0.015, 0.015), 0.1),
})
