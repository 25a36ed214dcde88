"""The camera's two sensors: what they make of a noise-free scene."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.simulation.array import Array, Mask
from dcmd_ros.simulation.camera import FOCAL
from dcmd_ros.simulation.noise import gaussian

BASELINE = 0.06  # metres between camera and projector
SUBPIXEL = 32  # disparity steps a pixel
SHOT_NOISE, READ_NOISE = np.float32(1.2e-4), np.float32(4e-6)  # variance at 1 and at 0
WHITE_NOISE, SLOW_NOISE = 0.045, 0.02  # pixels of disparity
JUMP = 0.6  # pixels of disparity that make an edge
GRAZING = 0.22  # cosine under which the pattern is lost
DAZZLE = 1.1  # highlight over which it is
SPECKS = 3.2  # deviations of the dice over which a pixel fails, 7 in 10,000


@dataclass(frozen=True)
class Exposure:
    """Gain, white balance, blur (pixels) and lens shading of one RGB exposure."""

    gain: float
    balance: tuple[float, float, float]
    blur: float
    corner: float


def exposure(rng: np.random.Generator) -> Exposure:
    gain, red, blue, blur = rng.uniform((0.88, 0.96, 0.96, 0.55), (1.12, 1.04, 1.04, 0.8))
    return Exposure(float(gain), (float(red), 1.0, float(blue)), float(blur), 0.22)


def take_picture(radiance: Array, how: Exposure, rng: np.random.Generator) -> NDArray[np.uint8]:
    """
    (H, W, 3) uint8 RGB of linear radiance (3, H, W).

    With lens shading, blur, shot and read noise, and a display curve of exponent 1 / 2.2.
    """
    height, width = radiance.shape[1:]
    u = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    lens = np.float32(how.gain) * (1 - np.float32(how.corner / 2) * (u + v))
    planes = [develop(plane, lens * np.float32(share), how.blur, rng)
              for plane, share in zip(radiance, how.balance, strict=True)]
    return cv2.merge(planes).astype(np.uint8, copy=False)


def develop(radiance: Array, gain: Array, blur: float, rng: np.random.Generator) -> Array:
    image: Array = cv2.GaussianBlur(radiance, (5, 5), blur)
    image *= gain
    noise = cv2.sqrt(image * SHOT_NOISE + READ_NOISE)
    noise *= gaussian(rng, image.shape)
    image += noise
    np.clip(image, 0, 1, out=image)
    return cv2.convertScaleAbs(cv2.pow(image, 1 / 2.2), alpha=255)


def hidden_from_projector(disparity: Array) -> Mask:
    """Pixels whose pattern something nearer, on the projector's side, takes away.

    `disparity` in the image's own pixels.
    """
    column = np.arange(disparity.shape[1], dtype=np.float32)
    on_projector = column + disparity
    furthest = np.maximum.accumulate(on_projector, axis=1)
    return furthest > on_projector + np.float32(JUMP)


def measure_depth(depth: Array, cosine: Array, glint: Array, k: Intrinsics,
                  rng: np.random.Generator) -> Array:
    """
    What a projector-and-camera sensor reports of a true depth: (H, W) float32 metres, 0 = missing.

    The error is made in disparity, in pixels of a 640x480 image, so its deviation grows with depth
    squared and is the same at any size; `cosine` is the normal's towards the eye, `glint` the
    highlight's strength.
    """
    fb = np.float32(FOCAL * BASELINE)
    disparity = fb / depth
    lost = hidden_from_projector(disparity * np.float32(k.fx / FOCAL))
    dice = gaussian(rng, depth.shape)
    spread_edges(disparity, lost, dice)
    glare = np.float32(0.03) * dice
    glare += glint
    lost |= (cosine < GRAZING) | (glare > DAZZLE) | (dice > SPECKS)
    noise = gaussian(rng, depth.shape)
    noise *= np.float32(WHITE_NOISE)
    disparity += noise
    disparity += slow_noise(rng, depth.shape)
    disparity *= np.float32(SUBPIXEL)
    np.maximum(np.rint(disparity, out=disparity), 1, out=disparity)
    measured: Array = np.divide(fb * np.float32(SUBPIXEL), disparity, out=disparity)
    measured[lost] = 0
    return measured


def steps_of(depth: Array) -> NDArray[np.uint16]:
    """Measured depth as steps of disparity: exact, in half the bytes; 0 = missing."""
    near = np.where(depth > 0, depth, np.float32(np.inf))
    return np.rint(np.float32(FOCAL * BASELINE) * np.float32(SUBPIXEL) / near).astype(np.uint16)


def depth_of(steps: NDArray[np.uint16]) -> Array:
    """The depth that `steps_of` was given, metres."""
    depth = steps.astype(np.float32)
    np.divide(np.float32(FOCAL * BASELINE) * np.float32(SUBPIXEL), depth, out=depth,
              where=depth > 0)
    return depth


def spread_edges(disparity: Array, lost: Mask, dice: Array) -> None:
    """At a jump of disparity some pixels are lost, and some fly between its two sides."""
    kernel = np.ones((3, 3), np.uint8)
    high, low = cv2.dilate(disparity, kernel), cv2.erode(disparity, kernel)
    edge = np.flatnonzero(high - low > JUMP)
    chance = dice.flat[edge]
    lost.flat[edge[chance < -0.7]] = True
    flying = edge[chance > 0.55]
    share = np.float32(0.5) + np.float32(0.5) * np.sin(40 * dice.flat[flying])
    disparity.flat[flying] = low.flat[flying] + share * (high.flat[flying] - low.flat[flying])


def slow_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Noise that neighbouring pixels share, in pixels of disparity."""
    coarse = gaussian(rng, (shape[0] // 12 + 2, shape[1] // 12 + 2))
    return cv2.resize(np.float32(SLOW_NOISE) * coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
