"""A part laid into its surroundings, as one view sees it, before light and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array, Mask
from dcmd_ros.simulation.camera import View
from dcmd_ros.simulation.noise import TILE, tile
from dcmd_ros.simulation.relief import first_hits
from dcmd_ros.simulation.station import Backdrop, Station
from dcmd_ros.simulation.surface import CENTRE, GRID, TEXEL, Surface

Window = tuple[slice, slice]
TOUCH = 1e-5  # metres; where a ray ends higher it met the part
VISIBLE_STEP = 2e-4  # metres; a smaller change of the surface is not in the truth mask
VISIBLE_TONE = 0.01  # linear albedo; likewise


@dataclass(frozen=True)
class Pose:
    """Where the part's origin lies on the table (metres), and its turn (radians)."""

    x: float
    y: float
    yaw: float

    def to_part(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Column and row on the part's grid of world metres."""
        turn, lean = np.float32(np.cos(self.yaw) / TEXEL), np.float32(np.sin(self.yaw) / TEXEL)
        dx, dy = x - np.float32(self.x), y - np.float32(self.y)
        offset = np.float32(CENTRE)
        return turn * dx + lean * dy + offset, turn * dy - lean * dx + offset

    def turned(self, vectors: Array) -> Array:
        """Vectors (..., 2) of the part's frame in the world."""
        cos, sin = np.float32(np.cos(self.yaw)), np.float32(np.sin(self.yaw))
        x, y = vectors[..., 0], vectors[..., 1]
        return np.stack([cos * x - sin * y, sin * x + cos * y], -1)


@dataclass(frozen=True)
class Patch:
    """The part alone, per pixel of `window`: height over the table (0 = not hit) and more."""

    window: Window
    height: Array
    albedo: Array
    normal: Array
    part: Mask


@dataclass(frozen=True)
class Scene:
    """
    What every pixel sees: height over the table, world x and y, unit normal, albedo, part or not.

    Images of the view's size; metres; albedo linear 0..1.
    """

    height: Array
    x: Array
    y: Array
    normal: Array
    albedo: Array
    part: Mask
    window: Window


def window(view: View, pose: Pose, top: float) -> Window:
    """The pixels that the part can reach, from its bounding cylinder."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    reach = GRID / 2 * TEXEL
    ring = np.stack([pose.x + reach * np.cos(angle), pose.y + reach * np.sin(angle)], 1)
    points = np.concatenate([np.column_stack([ring, np.full(24, h)]) for h in (0.0, top)])
    pixels = view.project(points)
    limits = np.array([view.intrinsics.width, view.intrinsics.height])
    low = np.clip(np.floor(pixels.min(0)).astype(int) - 2, 0, limits)
    high = np.clip(np.ceil(pixels.max(0)).astype(int) + 3, 0, limits)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def look_at(surface: Surface, pose: Pose, view: View, cut: Window) -> Patch | None:
    """The part as the view sees it in a window; None where the window is empty."""
    x0, y0, sx, sy = (np.ascontiguousarray(m[cut]) for m in (view.x0, view.y0, view.sx, view.sy))
    if x0.size == 0:
        return None
    column, row = pose.to_part(x0, y0)
    far_column, far_row = pose.to_part(x0 + sx, y0 + sy)
    height = first_hits(surface.height, (column, far_column - column), (row, far_row - row),
                        float(surface.height.max()) + TEXEL)
    column, row = pose.to_part(x0 + height * sx, y0 + height * sy)
    albedo = cv2.remap(surface.albedo, column, row, cv2.INTER_LINEAR)
    steep = pose.turned(cv2.remap(surface.gradients(), column, row, cv2.INTER_LINEAR))
    length = np.sqrt(1 + steep[..., 0] ** 2 + steep[..., 1] ** 2)
    normal = cv2.merge([-steep[..., 0] / length, -steep[..., 1] / length, 1 / length])
    return Patch(cut, height, albedo, normal, height > TOUCH)


def changed(good: Patch, bad: Patch) -> Mask:
    """Pixels whose noise-free surface or albedo differs visibly: the truth mask."""
    step = np.abs(good.height - bad.height) > VISIBLE_STEP
    tone = np.abs(good.albedo - bad.albedo).max(-1) > VISIBLE_TONE
    return step | (tone & good.part & bad.part) | (good.part != bad.part)


def ground(place: Station, back: Backdrop, offset: tuple[float, float]) -> Array:
    """The backdrop's albedo, with the carrier's grain where `offset` (metres) has taken it."""
    scale = np.float32(2000 * 0.5)
    column = ((back.x - np.float32(offset[0])) * scale) % np.float32(TILE - 1)
    row = ((back.y - np.float32(offset[1])) * scale) % np.float32(TILE - 1)
    grain = cv2.remap(tile(place.grain, place.stretch), column, row, cv2.INTER_LINEAR)
    tone = 1 + np.float32(0.12) * grain * back.carrier
    return back.albedo * tone[..., None]


def compose(view: View, back: Backdrop, floor: Array, patch: Patch | None) -> Scene:
    """The nearer of part and backdrop at each pixel."""
    height, normal, albedo = back.height.copy(), back.normal.copy(), floor
    part = np.zeros(height.shape, bool)
    if patch is None:
        return Scene(height, back.x, back.y, normal, albedo, part, (slice(0, 0), slice(0, 0)))
    cut = patch.window
    front = patch.part & (patch.height > height[cut])
    for image, values in ((height, patch.height), (normal, patch.normal), (albedo, patch.albedo)):
        image[cut][front] = values[front]
    part[cut] = front
    return Scene(height, view.x0 + height * view.sx, view.y0 + height * view.sy, normal, albedo,
                 part, cut)
