"""Colour -> the teacher's picture of the part: the scene painted over, the brightness usual."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.network.quality import Quality, colour_quality
from dcmd_ros.network.resizing import resized
from dcmd_ros.sensing.pieces import Mask

_FEATHER = 2.0  # pixels over which the painted scene fades into the part
_GAIN = (0.5, 2.0)


@dataclass(frozen=True)
class Paint:
    """
    luminance  the part's usual median brightness, 0..255, which every part is brought to
    backdrop   red, green, blue that stand for the scene, 0..255
    """

    luminance: float
    backdrop: tuple[float, float, float]


@dataclass(frozen=True)
class Picture:
    """
    image    (S, S, 3) float32 about -1..1
    quality  of the colour
    """

    image: NDArray[np.float32]
    quality: Quality


def picture_of(rgb: NDArray[np.uint8], paint: Paint | None, part: Mask) -> Picture:
    """
    :param rgb: (S, S, 3)
    :param paint: None leaves the colours as they are
    :param part: (side, side)
    """
    mask = resized(part, rgb.shape[0])
    quality = colour_quality(rgb, mask)
    brightness = quality.get('brightness')
    if paint is None or brightness is None:
        return Picture(teacher_input(rgb), quality)
    return Picture(_painted(rgb, paint, mask, brightness), quality)


def teacher_input(colour: NDArray) -> NDArray[np.float32]:
    """0..255 -> about -1..1, as the teacher was trained."""
    return (colour.astype(np.float32) - np.float32(127)) / np.float32(128)


def _painted(rgb: NDArray[np.uint8], paint: Paint, mask: Mask,
             brightness: float) -> NDArray[np.float32]:
    """:param brightness: the part's median"""
    gain = np.float32(np.clip(paint.luminance / max(brightness, 1.0), *_GAIN))
    wide = cv2.dilate(mask.view(np.uint8), np.ones((5, 5), np.uint8))
    share = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), _FEATHER)
    levels = gain * np.arange(256, dtype=np.float32)
    channels = [cv2.LUT(channel, (levels - np.float32(painted)) / np.float32(128)) * share
                + np.float32((painted - 127) / 128)
                for channel, painted in zip(cv2.split(rgb), paint.backdrop, strict=True)]
    return np.asarray(cv2.merge(channels), np.float32)
