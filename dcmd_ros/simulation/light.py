"""One lamp over the station: Lambert, highlight, soft shadow and ambient occlusion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.camera import View
from dcmd_ros.simulation.scene import Pose, Scene
from dcmd_ros.simulation.station import REACH, Station
from dcmd_ros.simulation.surface import CENTRE, MM, TEXEL, Finish, Surface

STEP = 2 * MM  # texel of the shadow map
SOFT = 3 * MM  # height over which a shadow fades in
DARK = np.float32(0.12)  # what is left of the lamp in the shadow


@dataclass(frozen=True)
class Light:
    """Unit direction towards the lamp, its strength, the ambient strength, and their colour."""

    direction: tuple[float, float, float]
    key: float
    ambient: float
    colour: tuple[float, float, float]


def lamp(rng: np.random.Generator) -> Light:
    """A lamp at the upper left that is never quite where it was."""
    azimuth, elevation = np.radians(rng.normal((130, 56), (9, 3)))
    key, ambient, warmth = rng.uniform((0.95, 0.42, -0.04), (1.2, 0.54, 0.04))
    flat = np.cos(elevation)
    direction = (float(flat * np.cos(azimuth)), float(flat * np.sin(azimuth)),
                 float(np.sin(elevation)))
    return Light(direction, float(key), float(ambient), (1 + warmth, 1.0, 1 - warmth))


def relief(place: Station, surface: Surface | None, pose: Pose) -> Array:
    """Heights of everything, as a coarse map of the table for shadows."""
    coarse = np.ascontiguousarray(place.height[::2, ::2])
    if surface is None:
        return coarse
    origin = np.array([-REACH[0] * MM, -REACH[1] * MM]) - (pose.x, pose.y)
    cos, sin = np.cos(pose.yaw) / TEXEL, np.sin(pose.yaw) / TEXEL
    turn = np.array([[cos, sin], [-sin, cos]])
    affine = np.column_stack([turn * STEP, turn @ origin + CENTRE])
    size = (coarse.shape[1], coarse.shape[0])
    laid = cv2.warpAffine(surface.height, affine, size, flags=cv2.INTER_LINEAR |
                          cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.maximum(coarse, laid)


def visibility(heights: Array, light: Light) -> Array:
    """(h, w, 2) share of the lamp and of the surroundings that reaches each texel."""
    lx, ly, lz = light.direction
    flat = float(np.hypot(lx, ly))
    rise = lz / flat
    skyline = np.full(heights.shape, -1, np.float32)
    reach = float(heights.max()) / rise
    for distance in np.arange(2 * STEP, reach + STEP, 1.5 * STEP):
        texels = distance / flat / STEP
        shift = np.array([[1, 0, texels * lx], [0, 1, texels * ly]])
        seen = cv2.warpAffine(heights, shift, heights.shape[::-1],
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        np.maximum(skyline, seen - np.float32(distance * rise), out=skyline)
    lit = 1 - np.clip((skyline - heights) / np.float32(SOFT), 0, 1) * (1 - DARK)
    around = cv2.GaussianBlur(heights, (0, 0), 4)
    open_sky = 1 - np.clip((around - heights) / np.float32(18 * MM), 0, 0.65)
    return cv2.merge([cv2.GaussianBlur(lit, (5, 5), 0), open_sky])


def look_up(shade_map: Array, scene: Scene) -> tuple[Array, Array]:
    column = scene.x / np.float32(STEP) + np.float32(REACH[0] * MM / STEP)
    row = scene.y / np.float32(STEP) + np.float32(REACH[1] * MM / STEP)
    seen = cv2.remap(shade_map, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.extractChannel(seen, 0), cv2.extractChannel(seen, 1)


def dot(images: Array, vector: Array | tuple[float, float, float]) -> Array:
    """Scalar product per pixel of (H, W, 3) with a vector or another such image."""
    if isinstance(vector, tuple):
        return cv2.transform(images, np.array([vector], np.float32))
    return cv2.transform(images * vector, np.ones((1, 3), np.float32))


def highlight(view: View, scene: Scene, light: Light, finish: Finish, pose: Pose,
              cut: tuple[slice, slice]) -> Array:
    """Blinn's highlight; with brushed finish spread across the lines (Kajiya and Kay 1989)."""
    half = view.to_eye[cut] + np.array(light.direction, np.float32)
    half /= np.sqrt(dot(half, half))[..., None]
    facing = np.clip(dot(scene.normal[cut], half), 0, 1)
    plain = facing ** np.float32(finish.shininess)
    if finish.brush is None:
        return plain
    along = lines(scene, finish, pose, cut)
    across = along[..., 0] * half[..., 0] + along[..., 1] * half[..., 1]
    fan = (1 - np.minimum(across ** 2, 1)) ** np.float32(25) * facing ** np.float32(4)
    return np.float32(0.4) * plain + np.float32(0.8) * fan


def lines(scene: Scene, finish: Finish, pose: Pose, cut: tuple[slice, slice]) -> Array:
    """Unit vectors (..., 2) in the world along which the brushed lines run."""
    if finish.brush == 'line':
        along = pose.turned(np.array([1.0, 0.0], np.float32))
        return np.broadcast_to(along, (*scene.x[cut].shape, 2))
    dx, dy = scene.x[cut] - np.float32(pose.x), scene.y[cut] - np.float32(pose.y)
    radius = np.maximum(np.hypot(dx, dy), np.float32(TEXEL))
    return np.stack([-dy / radius, dx / radius], -1)


def shade(view: View, scene: Scene, light: Light, shade_map: Array, surface: Surface | None,
          pose: Pose) -> tuple[Array, Array]:
    """Linear radiance (H, W, 3), 1 = white paper under the lamp, and the highlight (H, W)."""
    lit, open_sky = look_up(shade_map, scene)
    facing = np.maximum(dot(scene.normal, light.direction), 0) * lit
    diffuse = np.float32(light.key) * facing + np.float32(light.ambient) * open_sky
    glint = np.zeros(lit.shape, np.float32)
    image = scene.albedo * diffuse[..., None]
    if surface is not None and scene.part.any():
        cut, finish = scene.window, surface.finish
        spot = highlight(view, scene, light, finish, pose, cut) * lit[cut]
        glint[cut] = np.float32(surface.gloss) * spot * scene.part[cut]
        add_highlight(image[cut], scene.albedo[cut], glint[cut], finish.metal)
    image *= np.array(light.colour, np.float32)
    return image, glint


def add_highlight(image: Array, albedo: Array, glint: Array, metal: float) -> None:
    """A metal's highlight has the metal's colour, a plastic's the lamp's."""
    tint = np.float32(metal * 1.6) * albedo + np.float32((1 - metal) * 0.7)
    image += tint * glint[..., None]
