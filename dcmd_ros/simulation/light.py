"""One lamp over the station: Lambert, highlight, soft shadow and ambient occlusion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dcmd_ros.simulation.array import Array
from dcmd_ros.simulation.scene import Patch, Pose, Scene, dot
from dcmd_ros.simulation.station import REACH, Station, texels
from dcmd_ros.simulation.surface import MM, TEXEL, Finish, Surface, look_up

COARSE = 2  # texels of the station's map to one of the shadow map
STEP = COARSE * MM
SOFT = 3 * MM  # height over which a shadow fades in
DARK = np.float32(0.12)  # what is left of the lamp in the shadow


@dataclass(frozen=True)
class Light:
    """Unit direction towards the lamp, its strength, the ambient strength, and their colour."""

    direction: Array
    key: np.float32
    ambient: np.float32
    colour: Array


def lamp(rng: np.random.Generator) -> Light:
    """A lamp at the upper left that is never quite where it was."""
    azimuth, elevation = np.radians(rng.normal((130, 56), (9, 3)))
    key, ambient, warmth = rng.uniform((0.95, 0.42, -0.04), (1.2, 0.54, 0.04))
    flat = np.cos(elevation)
    direction = np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)],
                         np.float32)
    colour = np.array([1 + warmth, 1, 1 - warmth], np.float32)
    return Light(direction, np.float32(key), np.float32(ambient), colour)


def relief(place: Station, surface: Surface | None, pose: Pose) -> Array:
    """Heights of everything, as a coarse map of the table for shadows."""
    coarse = np.ascontiguousarray(place.height[::COARSE, ::COARSE])
    if surface is None:
        return coarse
    column, row = pose.to_part(*(np.array(-reach * MM) for reach in REACH))
    cos, sin = np.cos(pose.yaw) * STEP / TEXEL, np.sin(pose.yaw) * STEP / TEXEL
    affine = np.array([[cos, sin, column], [-sin, cos, row]])
    laid = cv2.warpAffine(surface.height, affine, coarse.shape[::-1],
                          flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.maximum(coarse, laid)


def visibility(heights: Array, light: Light) -> Array:
    """(2, h, w) share of the lamp and of the surroundings that reaches each texel."""
    lx, ly, lz = (float(c) for c in light.direction)
    flat = float(np.hypot(lx, ly))
    rise = lz / flat
    skyline = np.full(heights.shape, -1, np.float32)
    for distance in np.arange(2 * STEP, float(heights.max()) / rise + STEP, 1.5 * STEP):
        texels_away = distance / flat / STEP
        shift = np.array([[1, 0, texels_away * lx], [0, 1, texels_away * ly]])
        seen = cv2.warpAffine(heights, shift, heights.shape[::-1],
                              flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        np.maximum(skyline, seen - np.float32(distance * rise), out=skyline)
    lit = 1 - np.clip((skyline - heights) / np.float32(SOFT), 0, 1) * (1 - DARK)
    around = cv2.GaussianBlur(heights, (19, 19), 4)
    open_sky = 1 - np.clip((around - heights) / np.float32(18 * MM), 0, 0.65)
    return np.stack([cv2.GaussianBlur(lit, (5, 5), 0), open_sky])


def diffuse(normal: Array, column: Array, row: Array, shades: Array, light: Light,
            ) -> tuple[Array, Array]:
    """Light on a surface of albedo 1, and the lamp's share that is not in the shadow, (H, W)."""
    lit, open_sky = look_up(shades, column / COARSE, row / COARSE)
    facing: Array = np.einsum('i,ihw->hw', light.direction * light.key, normal)
    np.maximum(facing, 0, out=facing)
    facing *= lit
    open_sky *= light.ambient
    facing += open_sky
    return facing, lit


def shade(scene: Scene, light: Light, shades: Array, surface: Surface | None, pose: Pose,
          ) -> tuple[Array, Array]:
    """Linear radiance (3, H, W), 1 = white paper under the lamp, and the highlight (H, W)."""
    back, patch = scene.back, scene.patch
    tone, _ = diffuse(back.normal, back.column, back.row, shades, light)
    tone *= scene.grain
    image = back.albedo * tone
    glint = np.zeros(tone.shape, np.float32)
    if surface is not None and patch is not None:
        front = scene.part[patch.window]
        radiance, spot = shade_part(scene, patch, light, shades, surface, pose)
        np.copyto(image[(..., *patch.window)], radiance, where=front)
        np.copyto(glint[patch.window], spot, where=front)
    image *= light.colour.reshape(3, 1, 1)
    return image, glint


def shade_part(scene: Scene, patch: Patch, light: Light, shades: Array, surface: Surface,
               pose: Pose) -> tuple[Array, Array]:
    """As `shade`, for the patch; a metal's highlight has its colour, a plastic's the lamp's."""
    tone, lit = diffuse(patch.normal, *texels(patch.x, patch.y), shades, light)
    to_eye = scene.view.to_eye[(..., *patch.window)]
    spot = highlight(patch, to_eye, light, surface.finish, pose) * lit
    spot *= np.float32(surface.gloss)
    metal = surface.finish.metal
    mirror = np.float32(1.6 * metal) * patch.albedo + np.float32(0.7 * (1 - metal))
    return patch.albedo * tone + mirror * spot, spot


def highlight(patch: Patch, to_eye: Array, light: Light, finish: Finish, pose: Pose) -> Array:
    """Blinn's highlight; with brushed finish spread across the lines (Kajiya and Kay 1989)."""
    half = to_eye + light.direction.reshape(3, 1, 1)
    half /= np.sqrt(dot(half, half))
    facing = np.clip(dot(patch.normal, half), 0, 1)
    plain: Array = cv2.pow(facing, finish.shininess)
    if finish.brush is None:
        return plain
    along = lines(patch, finish, pose)
    across = along[0] * half[0] + along[1] * half[1]
    fan = cv2.pow(1 - np.minimum(across ** 2, 1), 40) * cv2.pow(facing, 4)
    return np.float32(0.4) * plain + np.float32(1.1) * fan


def lines(patch: Patch, finish: Finish, pose: Pose) -> Array:
    """Unit vectors (2, ...) in the world along which the brushed lines run."""
    if finish.brush == 'line':
        return pose.turned(np.array([1.0, 0.0], np.float32))
    dx, dy = patch.x - np.float32(pose.x), patch.y - np.float32(pose.y)
    radius = np.maximum(np.hypot(dx, dy), np.float32(TEXEL))
    return np.stack([-dy / radius, dx / radius])
