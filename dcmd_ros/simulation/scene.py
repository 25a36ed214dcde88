"""A part laid into its surroundings, as one view sees it, before light and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array, Mask
from dcmd_ros.simulation.camera import View
from dcmd_ros.simulation.noise import TILE, carpet
from dcmd_ros.simulation.relief import first_hits
from dcmd_ros.simulation.station import Backdrop, Station
from dcmd_ros.simulation.surface import CENTRE, MM, TEXEL, Surface, look_up, upright

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
        """Vectors (2, ...) of the part's frame in the world."""
        cos, sin = np.float32(np.cos(self.yaw)), np.float32(np.sin(self.yaw))
        x, y = vectors
        return np.stack([cos * x - sin * y, sin * x + cos * y])


@dataclass(frozen=True)
class Patch:
    """
    The part alone, per pixel of `window`, as if nothing else were there.

    height   over the table in metres, 0 where the ray misses the part
    x, y     world metres of what the ray meets
    normal, albedo  (3, h, w)
    part     where the ray meets the part
    """

    window: Window
    height: Array
    x: Array
    y: Array
    normal: Array
    albedo: Array
    part: Mask


@dataclass(frozen=True)
class Scene:
    """
    What a view sees: the backdrop with the grain of its carrier, and a part or none before it.

    height  (H, W) metres over the table
    part    (H, W) whether the pixel shows the part
    grain   (H, W) factor on the backdrop's albedo
    """

    view: View
    back: Backdrop
    patch: Patch | None
    height: Array
    part: Mask
    grain: Array

    @property
    def depth(self) -> Array:
        """(H, W) metres along the optical axis, noise-free."""
        return self.view.depth(self.height)

    @property
    def albedo(self) -> Array:
        """(3, H, W) linear 0..1."""
        image = self.back.albedo * self.grain
        if self.patch is not None:
            front = self.part[self.patch.window]
            np.copyto(image[(..., *self.patch.window)], self.patch.albedo, where=front)
        return image

    @property
    def cosine(self) -> Array:
        """(H, W) of the angle between the surface's normal and the ray."""
        image = self.back.cosine.copy()
        if self.patch is not None:
            cut = self.patch.window
            slant = dot(self.patch.normal, self.view.to_eye[(..., *cut)])
            np.copyto(image[cut], slant, where=self.part[cut])
        return image


def dot(a: Array, b: Array) -> Array:
    """Scalar product per pixel of two images of vectors (3, H, W)."""
    product: Array = np.einsum('ihw,ihw->hw', a, b)
    return product


def window(view: View, pose: Pose, radius: float, top: float) -> Window:
    """The pixels that the part can reach, from its bounding cylinder."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([pose.x + radius * np.cos(angle), pose.y + radius * np.sin(angle)], 1)
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
    x, y = x0 + height * sx, y0 + height * sy
    column, row = pose.to_part(x, y)
    normal = upright(pose.turned(look_up(surface.gradients, column, row)))
    return Patch(cut, height, x, y, normal, look_up(surface.albedo, column, row), height > TOUCH)


def changed(good: Patch, bad: Patch) -> Mask:
    """Pixels whose noise-free surface or albedo differs visibly: the truth mask."""
    step = np.abs(good.height - bad.height) > VISIBLE_STEP
    tone = np.abs(good.albedo - bad.albedo).max(0) > VISIBLE_TONE
    return step | (tone & good.part & bad.part) | (good.part != bad.part)


def carrier_grain(place: Station, back: Backdrop, moved: tuple[float, float]) -> Array:
    """The factor that the carrier's texture, moved by metres along x and y, has on the albedo."""
    column = back.column + np.float32(-moved[0] / MM % TILE)
    row = back.row + np.float32(-moved[1] / MM % TILE)
    grain: Array = cv2.remap(carpet(place.grain, place.stretch), column, row, cv2.INTER_LINEAR)
    grain *= back.carrier
    grain *= np.float32(0.12)
    grain += 1
    return grain


def compose(view: View, back: Backdrop, grain: Array, patch: Patch | None) -> Scene:
    """The nearer of part and backdrop at each pixel."""
    height = back.height.copy()
    part = np.zeros(height.shape, bool)
    if patch is not None:
        front = patch.part & (patch.height > height[patch.window])
        np.copyto(height[patch.window], patch.height, where=front)
        part[patch.window] = front
    return Scene(view, back, patch, height, part, grain)
