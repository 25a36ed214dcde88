"""The picture for people: the part, the anomaly in colour, the result in words."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import MODALITIES, Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.result import Result

HEAT = 0.65  # opacity where the map is 1
COLOURS = {'good': (80, 220, 100), 'anomalous': (255, 70, 60), 'no_part': (200, 200, 200),
           'unknown': (255, 190, 40)}
OUTLINE = (255, 255, 255)
MODE_TEXT = {'both': 'RGB + depth', 'rgb_only': 'RGB ONLY', 'depth_only': 'DEPTH ONLY'}
FONT = cv2.FONT_HERSHEY_SIMPLEX
LINE = 22  # px per line of text in a picture of 480 rows


def draw_overlay(result: Result) -> NDArray[np.uint8]:
    """The frame with heat, the outline of what is over the threshold and the result: RGB."""
    picture = heat(background(result.frame), result.inspection.map)
    contours, _ = cv2.findContours(
        result.inspection.mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, OUTLINE, 1)
    return write(picture, lines(result), COLOURS[result.inspection.verdict])


def background(frame: Frame) -> NDArray[np.uint8]:
    """The colour image, else depth in grey (near is bright, missing is black)."""
    if frame.rgb is not None:
        return frame.rgb.copy()
    depth = frame.depth if frame.xyz is None else frame.xyz[..., 2]
    if depth is None:
        return np.zeros((*frame.size, 3), np.uint8)
    grey = np.zeros(depth.shape, np.uint8)
    known = depth > 0
    if known.any():
        near, far = np.percentile(depth[known], (1, 99))
        share = (far - depth[known]) / max(far - near, 1e-6)
        grey[known] = 40 + 200 * np.clip(share, 0, 1)
    return np.repeat(grey[..., None], 3, axis=2)


def heat(picture: NDArray[np.uint8], scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Blend the map in; the more anomalous, the more opaque, NaN not at all."""
    share = np.clip(np.nan_to_num(scores), 0, 1).astype(np.float32)
    levels = np.rint(share * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    alpha = HEAT * share
    return np.asarray(cv2.blendLinear(picture, colours, 1 - alpha, alpha), np.uint8)


def lines(result: Result) -> list[str]:
    """What is written on it, most important first."""
    judged: Inspection = result.inspection
    mode = MODE_TEXT[judged.mode]
    trust = '  '.join(f'{m} {judged.confidence[m]:.2f}' for m in MODALITIES
                      if m in judged.confidence and not np.isnan(judged.confidence[m]))
    return [f'{judged.verdict.upper()} {judged.score:.2f}',
            f'{mode}  DEGRADED: {result.shortfall}' if result.degraded else mode,
            f'confidence {trust}' if trust else 'confidence unknown']


def write(
        picture: NDArray[np.uint8], text: list[str],
        colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """The lines in the upper left corner, on a darkened band, the first one in `colour`."""
    scale = max(min(picture.shape[0] / 480, picture.shape[1] / 640), 0.3)
    band = picture[:round(scale * (LINE * len(text) + 8))]
    band[:] = band // 3
    for row, words in enumerate(text):
        at = (round(8 * scale), round(scale * LINE * (row + 0.85)))
        cv2.putText(picture, words, at, FONT, 0.6 * scale, colour if row == 0 else OUTLINE,
                    max(1, round(1.5 * scale)), cv2.LINE_AA)
    return picture
