"""Made-up defects: where they say they are, in the sensors that they say, and never elsewhere."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from detector_rig import SIZE, frame_of

from dcmd_ros.training.pseudo_anomaly import KINDS, pseudo_anomaly

ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]
PART = np.hypot(ROWS - SIZE / 2, COLUMNS - SIZE / 2) < 26
FRAME, DONOR = frame_of(1), frame_of(2)
SEEN_BY = {'texture': {'rgb'}, 'stain': {'rgb'}, 'finish': {'rgb'}}
SOFT = ('warp', 'swell', 'rough')  # their surroundings come along, or are shaded
EVERY = pytest.mark.parametrize('kind', KINDS)


@EVERY
@pytest.mark.parametrize('seed', range(6))
def test_it_changes_the_part_where_the_truth_says_and_hardly_anything_around(
        kind: str, seed: int) -> None:
    made = pseudo_anomaly(FRAME, DONOR, PART, np.random.default_rng(seed), kind)
    assert made.kind == kind and made.truth.any() and made.truth.mean() < 0.2
    colour = np.abs(made.frame.rgb.astype(float) - FRAME.rgb).max(axis=2)
    depth = np.abs(made.frame.depth - FRAME.depth)
    reach = np.ones((21, 21) if kind in SOFT else (1, 1), np.uint8)
    outside = cv2.dilate(made.truth.astype(np.uint8), reach) == 0
    for change in (colour, depth):
        assert change[PART & outside].mean() <= 0.1 * change[made.truth].mean()
    assert (colour + depth)[made.truth].max() > 0


@EVERY
def test_each_kind_shows_in_the_sensors_it_belongs_to(kind: str) -> None:
    shown: set[str] = set()
    for seed in range(8):
        made = pseudo_anomaly(FRAME, DONOR, PART, np.random.default_rng(seed), kind)
        shown |= {'rgb'} if (made.frame.rgb != FRAME.rgb).any() else set()
        shown |= {'depth'} if (made.frame.depth != FRAME.depth).any() else set()
    assert shown == SEEN_BY.get(kind, {'rgb', 'depth'})


@EVERY
def test_missing_depth_stays_missing_and_none_is_added(kind: str) -> None:
    for seed in range(4):
        made = pseudo_anomaly(FRAME, DONOR, PART, np.random.default_rng(seed), kind)
        assert made.frame.depth.dtype == np.float32 and made.frame.rgb.dtype == np.uint8
        assert ((made.frame.depth > 0) == (FRAME.depth > 0)).all()


def test_the_same_seed_makes_the_same_defect_and_the_frame_is_left_alone() -> None:
    before = replace(FRAME, rgb=FRAME.rgb.copy(), depth=FRAME.depth.copy())
    one, same, other = (pseudo_anomaly(FRAME, DONOR, PART, np.random.default_rng(seed))
                        for seed in (3, 3, 4))
    assert (one.frame.rgb == same.frame.rgb).all() and (one.truth == same.truth).all()
    assert (one.truth != other.truth).any()
    assert (before.rgb == FRAME.rgb).all() and (before.depth == FRAME.depth).all()


def test_heights_rise_with_the_sensors_noise() -> None:
    rng = np.random.default_rng(0)
    noisy = replace(FRAME, depth=np.where(
        FRAME.depth > 0, FRAME.depth + rng.normal(0, 0.003, FRAME.depth.shape), 0,
    ).astype(np.float32))
    changes = []
    for frame in (FRAME, noisy):
        made = pseudo_anomaly(frame, DONOR, PART, np.random.default_rng(5), 'swell')
        changes.append(float(np.abs(made.frame.depth - frame.depth).max()))
    assert changes[1] > 1.5 * changes[0]
