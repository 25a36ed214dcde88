"""A strip of small pictures in titled rows, as one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dcmd_ros.evaluation.panels import BACKGROUND, GAP, INK, Picture

TITLE, CAPTION = 30, 20  # rows of pixels
RIGHT, WRONG = (126, 214, 140), (255, 96, 84)


@dataclass(frozen=True)
class Tile:
    """A picture (H, W, 3), what stands under it, and whether that was right."""

    picture: Picture
    text: str
    right: bool


@dataclass(frozen=True)
class Row:
    title: str
    tiles: Sequence[Tile]


def strip(rows: Sequence[Row]) -> Picture:
    """All rows, none without tiles, (H, W, 3), red first; the tiles are of one size."""
    drawn = [drawn_row(row) for row in rows]
    wide = max(row.shape[1] for row in drawn)
    return np.concatenate([cv2.copyMakeBorder(
        row, 0, GAP, 0, wide - row.shape[1], cv2.BORDER_CONSTANT, value=BACKGROUND)
        for row in drawn]).astype(np.uint8)


def drawn_row(row: Row) -> Picture:
    """The tiles side by side under their title."""
    tiles = np.concatenate([cv2.copyMakeBorder(drawn_tile(tile), 0, 0, GAP, 0, cv2.BORDER_CONSTANT,
                                               value=BACKGROUND) for tile in row.tiles], axis=1)
    title = bar(TITLE, tiles.shape[1])
    write(title, row.title, 0.6, INK, GAP)
    return np.concatenate([title, tiles]).astype(np.uint8)


def drawn_tile(tile: Tile) -> Picture:
    caption = bar(CAPTION, tile.picture.shape[1])
    write(caption, tile.text, 0.42, RIGHT if tile.right else WRONG, 2)
    return np.concatenate([tile.picture, caption])


def bar(height: int, width: int) -> Picture:
    return np.full((height, width, 3), BACKGROUND, np.uint8)


def write(picture: Picture, text: str, scale: float, colour: tuple[int, int, int],
          left: int) -> None:
    base = round(picture.shape[0] * 0.7)
    cv2.putText(picture, text, (left, base), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1,
                cv2.LINE_AA)
