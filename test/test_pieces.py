"""The pieces of a mask are those that OpenCV counts, however many there are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dcmd_ros.sensing.pieces import Pieces, around

BLOBS = ((5, 5, 12, 8), (30, 4, 9, 9), (25, 30, 10, 20))


def mask_of(count: int) -> np.ndarray:
    mask = np.zeros((60, 50), bool)
    for left, top, width, height in BLOBS[:count]:
        mask[top:top + height, left:left + width] = True
    return mask


@pytest.mark.parametrize('count', range(4))
def test_area_and_extent(count: int) -> None:
    mask = mask_of(count)
    pieces = Pieces(mask)
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8))[2][1:]
    assert pieces.area.tolist() == stats[:, cv2.CC_STAT_AREA].tolist()
    assert pieces.begin.tolist() == stats[:, [cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT]].tolist()
    assert (pieces.end - pieces.begin).tolist() == stats[
        :, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]].tolist()


@pytest.mark.parametrize('count', range(4))
def test_only_what_is_wanted_is_kept(count: int) -> None:
    mask = mask_of(count)
    pieces = Pieces(mask)
    assert (pieces.kept(np.ones(count, bool)) == mask).all()
    assert not pieces.kept(np.zeros(count, bool)).any()
    if count == 3:
        assert (pieces.kept(pieces.area > 90) == (mask & ~mask_of(2) | mask_of(1))).all()


def test_around_is_the_box_and_stays_in_the_image() -> None:
    mask = mask_of(2)
    assert mask[around(mask)].shape == (9, 34) and mask[around(mask)].sum() == mask.sum()
    assert around(mask, 3) == (slice(1, 16), slice(2, 42))
    assert around(mask, 20)[0].start == 0 and mask[around(mask, 99)].shape == mask.shape
    assert mask[around(np.zeros_like(mask))].size == 0
