"""What is there in every frame: a belt, a fixture plate, a bench with clamps, rollers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array, Mask
from dcmd_ros.simulation.camera import View
from dcmd_ros.simulation.relief import first_hits
from dcmd_ros.simulation.surface import MM, look_up, steepness, upright

Colour = tuple[float, float, float]
REACH = (380, 310)  # half extents of the map in texels of 1 mm


@dataclass(frozen=True)
class Station:
    """Height (m) and albedo of the surroundings on 1 mm texels; `carrier`: where parts lie."""

    height: Array
    albedo: Array
    carrier: Array
    grain: float
    stretch: float


@dataclass(frozen=True)
class Backdrop:
    """A station as a view sees it, per pixel: height, column and row on the station's map, normal,
    albedo, carrier, and the cosine of the normal to the ray."""

    height: Array
    column: Array
    row: Array
    normal: Array
    albedo: Array
    carrier: Array
    cosine: Array


def plan() -> tuple[Array, Array]:
    """World x and y in mm of every texel."""
    x, y = np.meshgrid(np.arange(-REACH[0], REACH[0]), np.arange(-REACH[1], REACH[1]))
    return x.astype(np.float32), y.astype(np.float32)


def paint(height: Array, layers: list[tuple[Mask, Colour]], base: Colour,
          grain: float, stretch: float = 1.0) -> Station:
    albedo = np.empty((3, *height.shape), np.float32)
    albedo[:] = np.reshape(base, (3, 1, 1))
    carrier = np.ones(height.shape, np.float32)
    for where, colour in layers:
        albedo[:, where] = np.reshape(colour, (3, 1))
        carrier[where] = 0
    smooth = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 1.0)
    return Station(smooth * np.float32(MM), albedo, carrier, grain, stretch)


def belt() -> Station:
    """A dark rubber belt between two aluminium rails."""
    _, y = plan()
    rail = (np.abs(y) > 138) & (np.abs(y) < 150)
    frame = np.abs(y) >= 150
    height = np.where(rail, 16.0, np.where(frame, -0.0, 0.0))
    return paint(height, [(rail, (0.42, 0.43, 0.45)), (frame, (0.16, 0.17, 0.19))],
                 (0.045, 0.055, 0.05), 1.2, 6.0)


def plate() -> Station:
    """A blue anodised fixture plate with four locating pins and a stop."""
    x, y = plan()
    pins = np.zeros(x.shape, bool)
    for px, py in ((-112, -62), (-112, 62), (112, -62), (112, 62)):
        pins |= np.hypot(x - px, y - py) < 7
    stop = (np.abs(y - 112) < 7) & (np.abs(x) < 60)
    height = np.where(pins, 14.0, np.where(stop, 18.0, 0.0))
    return paint(height, [(pins, (0.5, 0.5, 0.48)), (stop, (0.35, 0.3, 0.1))],
                 (0.05, 0.09, 0.2), 0.8)


def bench() -> Station:
    """A pale bench with two clamps and a raised edge."""
    x, y = plan()
    clamps = (np.abs(np.abs(x) - 150) < 22) & (np.abs(y) < 16)
    edge = y > 135
    height = np.where(clamps, 24.0, np.where(edge, 8.0, 0.0))
    return paint(height, [(clamps, (0.45, 0.05, 0.03)), (edge, (0.2, 0.2, 0.2))],
                 (0.36, 0.33, 0.28), 1.2)


def rollers() -> Station:
    """A dark board between two steel rollers."""
    x, y = plan()
    across = np.abs(x) - 175
    roller = np.abs(across) < 25
    height = np.where(roller, np.sqrt(np.maximum(25 ** 2 - across ** 2, 0)), 0)
    return paint(height, [(roller, (0.4, 0.4, 0.42))], (0.07, 0.05, 0.04), 2.0, 3.0)


STATIONS: Mapping[str, Callable[[], Station]] = MappingProxyType(
    {'belt': belt, 'plate': plate, 'bench': bench, 'rollers': rollers})


@lru_cache(maxsize=4)
def station(name: str) -> Station:
    return STATIONS[name]()


def texels(x: Array, y: Array) -> tuple[Array, Array]:
    """Column and row on a station's map of world metres."""
    return x / np.float32(MM) + np.float32(REACH[0]), y / np.float32(MM) + np.float32(REACH[1])


@lru_cache(maxsize=8)
def backdrop(name: str, view: View) -> Backdrop:
    """The station as the view sees it."""
    place = station(name)
    column, row = texels(view.x0, view.y0)
    per_metre = np.float32(1 / MM)
    height = first_hits(place.height, (column, view.sx * per_metre), (row, view.sy * per_metre),
                        float(place.height.max()) + MM)
    column, row = texels(view.x0 + height * view.sx, view.y0 + height * view.sy)
    normal = upright(look_up(steepness(place.height, MM), column, row))
    albedo = look_up(place.albedo, column, row)
    carrier = look_up(place.carrier[None], column, row)[0]
    cosine = np.einsum('ihw,ihw->hw', normal, view.to_eye)
    return Backdrop(height, column, row, normal, albedo, carrier, cosine)
