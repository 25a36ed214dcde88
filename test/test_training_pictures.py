"""The pictures that training leaves beside the model."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from detector_rig import OPTIONS, SIZE, frames_of

from dcmd_ros.network.preparation import Preparation
from dcmd_ros.training import curves, sample_sheet
from dcmd_ros.training.contact_sheet import write
from dcmd_ros.training.curves import loss_curves
from dcmd_ros.training.material import learn_view
from dcmd_ros.training.pseudo_anomaly import KINDS

HISTORY = {'final/rgb': [(50, 2.0), (100, 1.0)], 'fold0/rgb': [(50, 2.2), (100, 1.6)],
           'fold0/depth_to_rgb': [(50, 0.8)]}


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(-1).any())


def test_each_branch_has_its_panel_with_final_and_folds() -> None:
    picture = loss_curves(HISTORY)[curves.TITLE:]
    assert picture.shape == (2 * curves.HEIGHT, 2 * curves.WIDTH, 3) and picture.dtype == np.uint8
    rgb, depth = np.split(picture[:curves.HEIGHT], 2, axis=1)
    colour_to_depth, depth_to_colour = np.split(picture[curves.HEIGHT:], 2, axis=1)
    assert has(rgb, curves.FINAL) and has(rgb, curves.FOLD)
    assert not has(depth, curves.FINAL) and not has(depth, curves.FOLD)
    assert not has(colour_to_depth, curves.FOLD)
    assert has(depth_to_colour, curves.FOLD) and not has(depth_to_colour, curves.FINAL)


def test_a_falling_loss_falls_in_the_picture() -> None:
    picture = loss_curves({'final/rgb': [(50, 2.0), (100, 1.0)]})[curves.TITLE:]
    drawn = (picture[curves.TOP:curves.HEIGHT, :curves.WIDTH] == curves.FINAL).all(-1)
    columns = np.flatnonzero(drawn.any(0))
    first, last = (int(np.flatnonzero(drawn[:, c]).mean()) for c in (columns[0], columns[-1]))
    height = curves.HEIGHT - curves.TOP - curves.BOTTOM
    assert last - first > 0.4 * height


def test_the_sheet_shows_frames_and_every_kind_of_defect(tmp_path: Path) -> None:
    frames = frames_of(range(9))
    view, scene = learn_view(frames, OPTIONS.network.size)
    assert scene.reliable and view.intrinsics.width == SIZE
    sheet = sample_sheet.sample_sheet(frames, Preparation(view, scene), 0)
    tile = 2 * sample_sheet.SIDE + sample_sheet.CAPTION + sample_sheet.GAP
    assert sheet.shape[0] == 2 * sample_sheet.TITLE + 3 * tile  # one row of frames, two of defects
    first = sample_sheet.TITLE + tile
    assert has(sheet[:first], sample_sheet.PART) and not has(sheet[:first], sample_sheet.DEFECT)
    rows = np.split(sheet[first + sample_sheet.TITLE:], 2)
    step, gap = sample_sheet.SIDE + sample_sheet.GAP, sample_sheet.GAP
    tiles = [row[:, gap + k * step:gap + k * step + sample_sheet.SIDE]
             for row in rows for k in range(sample_sheet.COLUMNS)]
    assert len(tiles) == len(KINDS) and all(has(t, sample_sheet.DEFECT) for t in tiles)
    write(tmp_path / 'sheet.png', sheet)
    read = cv2.imread(str(tmp_path / 'sheet.png'))
    assert np.array_equal(read[..., ::-1], sheet)
