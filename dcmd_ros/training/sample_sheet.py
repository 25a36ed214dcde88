"""One picture of what training learns from, and of defects made up on it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Frame
from dcmd_ros.network.preparation import Mask, Preparation, Prepared
from dcmd_ros.network.resizing import crop, resized
from dcmd_ros.sensing.foreground import part_by_depth
from dcmd_ros.training.material import Frames
from dcmd_ros.training.pseudo_anomaly import FEWEST, KINDS, pseudo_anomaly

Picture = NDArray[np.uint8]

GOOD = 5                 # training frames that are shown
SIDE = 160               # pixels of one image
CAPTION, GAP, TITLE = 18, 4, 28
COLUMNS = 5
PAPER, INK, FAINT = (250, 250, 248), (30, 30, 34), (110, 110, 116)
PART, DEFECT, ABSENT = (70, 230, 255), (255, 70, 60), (150, 150, 156)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def sample_sheet(frames: Frames, preparation: Preparation, seed: int) -> Picture:
    """
    (H, W, 3) uint8, red first: some training frames as the network sees them, then every kind of
    made-up defect.

    Each tile has colour over normals (grey where depth is missing on the part), with the edge of
    what counts as part in blue, and of the defect in red.
    """
    few = frames.spread(GOOD)
    shown, names = list(few), [sample.name for sample in few.samples]
    rows = [_title('training frames as the network sees them: colour, normals, edge of the part')]
    rows += _rows([_tile(preparation(frame), None, name)
                   for frame, name in zip(shown, names, strict=True)])
    rows.append(_title('defects made up on them, to choose weights by and to try the model with'))
    return np.concatenate(rows + _rows(_defects(shown, preparation, seed)))


def _defects(frames: Sequence[Frame], preparation: Preparation, seed: int) -> list[Picture]:
    rng, tiles = np.random.default_rng(seed), []
    for index, kind in enumerate(KINDS):
        frame, donor = frames[index % len(frames)], frames[index % len(frames) - 1]
        assert frame.depth is not None
        part = part_by_depth(frame.depth, preparation.scene)
        if part.sum() < FEWEST:
            continue
        made = pseudo_anomaly(frame, donor, part, rng, kind)
        truth = resized(crop(made.truth, preparation.view.box), preparation.view.size)
        tiles.append(_tile(preparation(made.frame), truth, kind))
    return tiles


def _tile(prepared: Prepared, truth: Mask | None, caption: str) -> Picture:
    assert prepared.colour is not None and prepared.normals is not None
    colour = np.clip(prepared.colour * 128 + 127, 0, 255).astype(np.uint8)
    shape = np.clip(prepared.normals * 127 + 128, 0, 255).astype(np.uint8)
    if prepared.valid is not None:
        shape[~prepared.valid] = ABSENT
    tile = np.full((2 * SIDE + CAPTION, SIDE, 3), PAPER, np.uint8)
    for row, image in enumerate((colour, shape)):
        drawn = _outlined(resized(image, SIDE), resized(prepared.foreground, SIDE), PART)
        if truth is not None:
            drawn = _outlined(drawn, resized(truth, SIDE), DEFECT)
        tile[row * SIDE:(row + 1) * SIDE] = drawn
    cv2.putText(tile, caption, (2, 2 * SIDE + CAPTION - 5), _FONT, 0.4, FAINT, 1, cv2.LINE_AA)
    return tile


def _outlined(picture: Picture, mask: Mask, colour: tuple[int, int, int]) -> Picture:
    found = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.ascontiguousarray(picture)
    cv2.drawContours(drawn, found[-2], -1, colour, 1)
    return drawn


def _rows(tiles: Sequence[Picture]) -> list[Picture]:
    rows = []
    for first in range(0, len(tiles), COLUMNS):
        row = np.full((2 * SIDE + CAPTION + GAP, _width(), 3), PAPER, np.uint8)
        for place, tile in enumerate(tiles[first:first + COLUMNS]):
            left = GAP + place * (SIDE + GAP)
            row[:tile.shape[0], left:left + SIDE] = tile
        rows.append(row)
    return rows


def _width() -> int:
    return COLUMNS * (SIDE + GAP) + GAP


def _title(text: str) -> Picture:
    bar = np.full((TITLE, _width(), 3), PAPER, np.uint8)
    cv2.putText(bar, text, (GAP, TITLE - 9), _FONT, 0.46, INK, 1, cv2.LINE_AA)
    return bar
