"""What a faulty sensor does to a picture; for live sources, replay, training and the matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Modality
from dcmd_ros.sensing.fault_grammar import FaultError

Image = NDArray[Any]  # (H, W, 3) uint8 RGB, or (H, W) float32 metres with 0 = missing
Corruption = Callable[[Image, float, np.random.Generator], Image]

GAMMA = 2.2
READ_NOISE = 2.5  # grey levels that show once little light is left
STRAY_LIGHT = 0.01  # share of the extra light that veils even black
GLOW = 80.0  # grey levels that clipped areas spread around them at full strength
BLOCKS = (0.03, 0.15)  # sides of the blocks, in shares of the image's shorter side
WHITE_SHARE = 0.36  # of depth noise's variance; the rest is correlated over CORRELATION
CORRELATION = 1.0  # sigma, pixels
BOWL = 0.5  # how deep a drifted sensor's bowl is, in shares of its offset


def corrupt(image: Image, sensor: Modality, kind: str, amount: float,
            rng: np.random.Generator) -> Image:
    """
    What the sensor would have delivered with this fault; the input is never changed.

    :param image: rgb: (H, W, 3) uint8; depth: (H, W) float32 metres, 0 = missing
    :param kind: an image-level kind of FAULT_KINDS
    :param amount: in the kind's unit for this sensor; 0 gives the image itself, more is worse
        with the same `rng` state (ignored by `blind`)
    :raises FaultError: the kind does not change pictures of this sensor
    """
    change = CORRUPTIONS.get((kind, sensor))
    if change is None:
        known = ', '.join(k for k, s in CORRUPTIONS if s == sensor)
        raise FaultError(f'{kind!r} is no fault of {sensor} pictures; known: {known}')
    if amount == 0 and kind != 'blind':
        return image
    return change(image, float(amount), rng)


def blind(image: Image, amount: float, rng: np.random.Generator) -> Image:
    return np.zeros_like(image)


def under(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Light scaled by 1 - amount; the sensor's read noise stays."""
    dark = cv2.LUT(image, _tone(1 - amount, 0.0)).astype(np.float32)
    return _colour(dark + READ_NOISE * amount * _gaussian(image.shape, rng))


def over(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Light scaled by 1 / (1 - amount), clipped, with stray light and glow around what clips."""
    gain = 1 / max(1 - amount, 1e-4)
    bright = cv2.LUT(image, _tone(gain, STRAY_LIGHT * (gain - 1)))
    clipped = (bright.min(axis=2) == 255).astype(np.float32)
    glow = cv2.GaussianBlur(clipped, (0, 0), max(image.shape[:2]) / 100)
    return _colour(bright + GLOW * amount * glow[..., None])


def blur_colour(image: Image, amount: float, rng: np.random.Generator) -> Image:
    return cv2.GaussianBlur(image, (0, 0), amount)


def blur_depth(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Blurred over valid neighbours only; what is missing stays missing."""
    valid = (image > 0).astype(np.float32)
    weight = cv2.GaussianBlur(valid, (0, 0), amount)
    total = cv2.GaussianBlur(image, (0, 0), amount)
    return np.where(valid > 0, total / np.maximum(weight, 1e-6), 0).astype(np.float32)


def noise_colour(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Shot and read noise: variance amount^2 (1/4 + 3/4 of the brightness), of white's square."""
    spread = (255 * amount * np.sqrt(0.25 + 0.75 * np.arange(256) / 255)).astype(np.float32)
    return _colour(image + cv2.LUT(image, spread) * _gaussian(image.shape, rng))


def noise_depth(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """
    Deviation `amount` at the median distance, growing with its square as triangulation's does.

    Partly correlated between neighbours; a blur of sigma s leaves 1 / (4 pi s^2) of white
    noise's variance, which is made up for.
    """
    white = _gaussian(image.shape, rng)
    slow = cv2.GaussianBlur(_gaussian(image.shape, rng), (0, 0), CORRELATION)
    regain = CORRELATION * math.sqrt(4 * math.pi * (1 - WHITE_SHARE))
    mixed = math.sqrt(WHITE_SHARE) * white + regain * slow
    return _shifted(image, amount * (image / _median(image)) ** 2 * mixed)


def bias(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """An offset of `amount` in the mean, deeper towards the corners."""
    height, width = image.shape
    x = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    y = np.linspace(-1, 1, height, dtype=np.float32) ** 2
    bowl = (x + y[:, None]) / 2 - float(x.mean() + y.mean()) / 2
    return _shifted(image, amount * (1 + BOWL * bowl))


def holes(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Rectangles are missing; those of a smaller amount lie within those of a larger one."""
    lost = block_mask(image.shape[:2], amount, rng)
    return np.where(lost[..., None] if image.ndim == 3 else lost, 0, image).astype(image.dtype)


def block_mask(size: tuple[int, ...], share: float,
               rng: np.random.Generator) -> NDArray[np.bool_]:
    """(H, W) bool of random rectangles that cover `share` of it, to the pixel."""
    height, width = size
    wanted = round(share * height * width)
    lost = np.zeros((height, width), bool)
    if wanted == lost.size:
        return ~lost
    count = 0
    while count < wanted:
        sides = np.maximum(rng.uniform(*BLOCKS, 2) * min(size), 1)
        top, left = rng.uniform(0, 1, 2) * (height + sides[0], width + sides[1]) - sides
        rows = slice(max(round(top), 0), max(round(top + sides[0]), 0))
        block = lost[rows, max(round(left), 0):max(round(left + sides[1]), 0)]
        fresh = np.flatnonzero(~block)[:wanted - count]
        block.flat[fresh] = True
        count += fresh.size
    return lost


def misregister(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Shifted by `amount` pixels in a random direction: depth to whole pixels, 0 comes in."""
    angle = rng.uniform(0, 2 * np.pi)
    x, y = amount * np.cos(angle), amount * np.sin(angle)
    colour = image.ndim == 3
    if not colour:
        x, y = round(x), round(y)
    return cv2.warpAffine(
        image, np.array([[1, 0, x], [0, 1, y]], np.float64), image.shape[1::-1],
        flags=cv2.INTER_LINEAR if colour else cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE if colour else cv2.BORDER_CONSTANT)


def _tone(gain: float, veil: float) -> NDArray[np.uint8]:
    light = (np.arange(256) / 255) ** GAMMA * gain + veil
    return np.rint(255 * np.clip(light, 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def _gaussian(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.standard_normal(shape, np.float32)


def _colour(image: Image) -> Image:
    return np.rint(np.clip(image, 0, 255)).astype(np.uint8)


def _median(depth: Image) -> float:
    valid = depth[depth > 0]
    return float(np.median(valid)) if valid.size else 1.0


def _shifted(depth: Image, change: Image) -> Image:
    """Valid pixels moved; those that would fall behind the sensor are missing."""
    moved = np.where(depth > 0, depth + change, 0)
    return np.maximum(moved, 0).astype(np.float32)


CORRUPTIONS: dict[tuple[str, Modality], Corruption] = {
    ('blind', 'rgb'): blind, ('blind', 'depth'): blind,
    ('under', 'rgb'): under, ('over', 'rgb'): over,
    ('blur', 'rgb'): blur_colour, ('blur', 'depth'): blur_depth,
    ('noise', 'rgb'): noise_colour, ('noise', 'depth'): noise_depth,
    ('bias', 'depth'): bias,
    ('holes', 'rgb'): holes, ('holes', 'depth'): holes,
    ('misregister', 'rgb'): misregister, ('misregister', 'depth'): misregister,
}
