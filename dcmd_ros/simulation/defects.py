"""What can be wrong with a part: its geometry, its appearance, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.noise import gaussian, texture
from dcmd_ros.simulation.surface import CENTRE, GRID, MM, TEXEL, Surface, coloured, grid

Group = Literal['geometry', 'appearance', 'both']
MARGIN = 4.0  # mm between a defect's edge and the part's
FLOOR = 0.6 * MM  # what is left of the part under a deep defect


@dataclass(frozen=True)
class Defect:
    """Its group, and how it changes a surface."""

    group: Group
    apply: Callable[[Surface, np.random.Generator], Surface]


def clear_spot(surface: Surface, rng: np.random.Generator, radius: float,
               deep: float = 0.0) -> tuple[float, float]:
    """A random place (x, y in mm) with part all round within `radius` mm, over `deep` mm high."""
    solid = (surface.height > max(deep, 0.05) * MM).astype(np.uint8)
    room = cv2.distanceTransform(cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_CONSTANT),
                                 cv2.DIST_L2, 3)[1:-1, 1:-1] * np.float32(TEXEL / MM)
    places = np.flatnonzero(room >= min(radius, float(room.max()) * 0.95))
    row, column = divmod(int(places[rng.integers(len(places))]), GRID)
    return (column - CENTRE) * TEXEL / MM, (row - CENTRE) * TEXEL / MM


def blob(rng: np.random.Generator, centre: tuple[float, float], radius: float,
         ragged: float = 0.25) -> Array:
    """Distance from an irregular outline as a share of the radius: under 1 inside."""
    x, y = grid()
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    angle = np.arctan2(dy, dx)
    outline = np.ones_like(angle)
    for order in (2, 3, 5):
        phase, size = rng.uniform((0, 0.3), (2 * np.pi, 1))
        outline += np.float32(ragged * size / order) * np.cos(order * angle + np.float32(phase))
    return np.hypot(dx, dy) / (np.float32(radius) * outline)


def stroke(points: NDArray[np.float64], width: float) -> Array:
    """0..1 coverage of a line through points (N, 2) in mm, soft over half a millimetre."""
    canvas = np.full((GRID, GRID), 255, np.uint8)
    texels = np.rint(points * (MM / TEXEL) + CENTRE).astype(np.int32)
    cv2.polylines(canvas, [texels.reshape(-1, 1, 2)], False, 0, 1)
    away = cv2.distanceTransform(canvas, cv2.DIST_L2, 5) * np.float32(TEXEL / MM)
    return np.clip((np.float32(width / 2) - away) / np.float32(0.5) + np.float32(0.5), 0, 1)


def walk(rng: np.random.Generator, centre: tuple[float, float], length: float,
         wander: float) -> NDArray[np.float64]:
    """A wandering line of `length` mm with its middle at the centre."""
    steps = 12
    turns = np.cumsum(rng.normal(0, wander / 3, steps)) + rng.normal(0, wander, steps)
    turns += rng.uniform(0, 2 * np.pi)
    path = np.stack([np.cos(turns), np.sin(turns)], 1).cumsum(0) * (length / steps)
    return path - path[steps // 2] + centre


def raised(surface: Surface, change: Array) -> Surface:
    """The surface with its solid part raised by `change` mm, never through the floor."""
    solid = surface.height > 0
    height = np.maximum(surface.height + change * np.float32(MM), np.float32(FLOOR))
    floor = np.minimum(surface.height, np.float32(FLOOR))
    return replace(surface, height=np.where(solid, np.maximum(height, floor), 0))


def toned(surface: Surface, share: Array, colour: Array | np.float32) -> Surface:
    """The surface with `share` (0..1) of its albedo replaced by a colour."""
    share = share * (surface.height > 0)
    colour = np.reshape(colour, (-1, 1, 1)) if np.ndim(colour) == 1 else colour
    return replace(surface, albedo=surface.albedo * (1 - share) + share * colour)


def swell(surface: Surface, rng: np.random.Generator, sign: float) -> Surface:
    radius, amount = rng.uniform((9.0, 4.0), (12.0, 5.2))
    centre = clear_spot(surface, rng, radius * 0.8 + MARGIN, amount + 1)
    inside = np.minimum(blob(rng, centre, radius, 0.15), 1)
    return raised(surface, np.float32(sign * amount) * (0.5 + 0.5 * np.cos(np.pi * inside)))


def dent(surface: Surface, rng: np.random.Generator) -> Surface:
    return swell(surface, rng, -1)


def bump(surface: Surface, rng: np.random.Generator) -> Surface:
    return swell(surface, rng, 1)


def cut(surface: Surface, rng: np.random.Generator) -> Surface:
    """A piece broken off the outer edge, most of the thickness gone."""
    x, y = grid()
    angle, radius = rng.uniform((0, 10.0), (2 * np.pi, 13.0))
    edge = rim(surface, angle)
    centre = ((edge - 2) * np.cos(angle), (edge - 2) * np.sin(angle))
    gone = np.clip((1 - blob(rng, centre, radius)) * 6, 0, 1)
    rough = 1 + np.float32(0.15) * texture(rng, GRID, 4.0)
    deep = np.minimum(surface.height / np.float32(MM) * np.float32(0.8), 12)
    return raised(surface, -gone * deep * rough)


def rim(surface: Surface, angle: float) -> float:
    """Distance in mm from the middle to the part's outer edge in a direction."""
    reach = np.arange(0, GRID // 2)
    column = np.clip(np.rint(CENTRE + reach * np.cos(angle)), 0, GRID - 1).astype(int)
    row = np.clip(np.rint(CENTRE + reach * np.sin(angle)), 0, GRID - 1).astype(int)
    return float(np.flatnonzero(surface.height[row, column] > 0).max()) * TEXEL / MM


def bent(surface: Surface, rng: np.random.Generator) -> Surface:
    """A flap beyond a random chord bent up."""
    x, y = grid()
    angle, depth, slope = rng.uniform((0, 26, 0.22), (2 * np.pi, 34, 0.3))
    along = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    beyond = np.maximum(along - np.float32(rim(surface, angle) - depth), 0)
    return raised(surface, np.float32(slope) * beyond ** 2 / (beyond + 4))


def stain(surface: Surface, rng: np.random.Generator) -> Surface:
    radius = rng.uniform(6.0, 9.0)
    inside = blob(rng, clear_spot(surface, rng, radius + 1), radius, 0.5)
    share = np.clip((1 - inside) * 4, 0, 1) * np.float32(rng.uniform(0.65, 0.85))
    dark = surface.albedo.mean() > 0.12
    colours = ((0.05, 0.03, 0.015), (0.02, 0.02, 0.03)) if dark else ((0.4, 0.3, 0.15),
                                                                      (0.3, 0.33, 0.35))
    return toned(surface, share, np.array(colours[rng.integers(2)], np.float32))


def scratch_paint(surface: Surface, rng: np.random.Generator) -> Surface:
    length, width = rng.uniform((32, 1.6), (48, 2.2))
    line = stroke(walk(rng, clear_spot(surface, rng, 9), length, 0.12), width)
    bright = surface.albedo.mean() < 0.25
    return toned(surface, line * np.float32(0.9), np.float32(0.75 if bright else 0.03))


def discolour(surface: Surface, rng: np.random.Generator) -> Surface:
    """A wide region with another hue, as from heat or a wrong pigment."""
    radius = rng.uniform(16, 22)
    share = np.clip((1 - blob(rng, clear_spot(surface, rng, 12), radius, 0.4)) * 5, 0, 1)
    hues = ((1.15, 0.8, 0.45), (0.55, 0.8, 1.2), (1.1, 0.6, 0.75))
    hue = np.array(hues[rng.integers(3)], np.float32)
    return toned(surface, share, surface.albedo * hue.reshape(3, 1, 1))


def crack(surface: Surface, rng: np.random.Generator) -> Surface:
    length, width, deep = rng.uniform((30, 2.2, 3.0), (44, 3.0, 4.5))
    line = stroke(walk(rng, clear_spot(surface, rng, 9, deep + 1), length, 0.45), width)
    return toned(raised(surface, -line * np.float32(deep)), line * np.float32(0.85),
                 np.float32(0.01))


def foreign(surface: Surface, rng: np.random.Generator) -> Surface:
    """A lump of something else left on the part."""
    radius, high = rng.uniform((6.0, 4.5), (8.5, 7.0))
    inside = blob(rng, clear_spot(surface, rng, radius + 1, 1), radius, 0.35)
    rough = 1 + np.float32(0.1) * texture(rng, GRID, 3.0)
    lump = np.sqrt(np.clip(1 - inside ** 2, 0, 1)) * np.float32(high) * rough
    colours = ((0.45, 0.12, 0.03), (0.1, 0.25, 0.05), (0.5, 0.4, 0.05))
    tone = 1 + np.float32(0.1) * gaussian(rng, (GRID, GRID))
    return toned(raised(surface, lump), (inside < 1).astype(np.float32),
                 coloured(colours[rng.integers(3)], tone))


DEFECTS: Mapping[str, Defect] = MappingProxyType({
    'dent': Defect('geometry', dent),
    'bump': Defect('geometry', bump),
    'cut': Defect('geometry', cut),
    'bent': Defect('geometry', bent),
    'stain': Defect('appearance', stain),
    'scratch_paint': Defect('appearance', scratch_paint),
    'discolour': Defect('appearance', discolour),
    'crack': Defect('both', crack),
    'foreign': Defect('both', foreign),
})
