"""What is part and what is scene."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from detector_rig import SIZE, frame_of, has_hole

from dcmd_ros.sensing.foreground import (
    find_part,
    learn_scene,
    plane_depth,
    rise,
    solid,
    support_plane,
)


def disc_of(frame_seed: int, **kind: bool) -> tuple[np.ndarray, np.ndarray]:
    frame = frame_of(frame_seed, **kind)
    rng = np.random.default_rng(frame_seed)
    y, x = SIZE / 2 + rng.uniform(-6, 6, 2)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return frame.depth, np.hypot(rows - y, columns - x) < 26


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def test_the_support_is_found_under_noise_holes_and_a_part() -> None:
    depth = frame_of(1).depth
    plane = support_plane(depth)
    assert plane is not None
    rows = np.arange(SIZE)
    inverse = plane[0] * 10 + plane[1] * rows + plane[2]
    assert np.abs(1 / inverse - (0.5 + 0.0004 * rows)).max() < 0.0005


def test_no_support_is_found_in_noise() -> None:
    rng = np.random.default_rng(0)
    assert support_plane(rng.uniform(0.3, 3, (SIZE, SIZE)).astype(np.float32)) is None
    assert support_plane(np.zeros((SIZE, SIZE), np.float32)) is None


def test_the_part_is_what_stands_above_the_support() -> None:
    scene = learn_scene([frame_of(i).depth for i in range(12)])
    assert scene.reliable
    depth, truth = disc_of(50)
    assert overlap(solid(find_part(depth, scene).mask, scene.area), truth) > 0.93


def test_a_rail_that_is_always_there_is_scene() -> None:
    scene = learn_scene([frame_of(i, rail=True).depth for i in range(12)])
    depth, truth = disc_of(50, rail=True)
    found = solid(find_part(depth, scene).mask, scene.area)
    assert scene.reliable and overlap(found, truth) > 0.93
    assert not found[:8].any()


def test_the_middle_of_a_part_that_hardly_moves_is_part() -> None:
    frames = [disc_of(i) for i in range(12)]
    always = np.logical_and.reduce([truth for _, truth in frames])
    scene = learn_scene([depth for depth, _ in frames])
    assert always.sum() > 500
    assert find_part(frames[0][0], scene).mask[always].mean() > 0.95


def test_what_is_always_the_same_leaves_nothing_to_call_part() -> None:
    depth = frame_of(3).depth
    rng = np.random.default_rng(0)
    noisy = [(depth + rng.normal(0, 2e-4, depth.shape) * (depth > 0)).astype(np.float32)
             for _ in range(10)]
    scene = learn_scene(noisy)
    assert not scene.reliable and 'stands out' in scene.reason
    assert find_part(depth, scene).mask.all()


def test_frames_without_a_support_leave_everything_part() -> None:
    rng = np.random.default_rng(0)
    scene = learn_scene([rng.uniform(0.3, 3, (48, 48)).astype(np.float32) for _ in range(8)])
    assert not scene.reliable and 'plane' in scene.reason


def test_a_pit_is_not_cut_out_of_the_part() -> None:
    scene = learn_scene([frame_of(i).depth for i in range(12)])
    deep = has_hole(has_hole(has_hole(frame_of(51)))).depth
    found = solid(find_part(deep, scene).mask, scene.area)
    assert found[SIZE // 2 - 3:SIZE // 2 + 3, SIZE // 2 + 2:SIZE // 2 + 10].all()


def test_specks_are_dropped_and_pieces_kept() -> None:
    mask = np.zeros((60, 60), bool)
    mask[5:25, 5:25] = mask[35:50, 35:50] = True
    mask[55:57, 5:7] = True
    kept = solid(mask, 0.1)
    assert kept[40, 40] and kept[10, 10] and not kept[55:57, 5:7].any()


def test_the_rise_is_unknown_where_little_was_seen() -> None:
    depth = frame_of(4).depth
    depth[20:40, 20:40] = 0
    plane = support_plane(depth)
    assert plane is not None
    height, known = rise(depth, plane)
    assert not known[24:36, 24:36].any() and known[60, 60] and height[30, 30] == 0


@pytest.mark.parametrize('bias', [0.98, 1.03])
def test_a_biased_sensor_finds_the_same_part(bias: float) -> None:
    scene = learn_scene([frame_of(i).depth for i in range(12)])
    depth, truth = disc_of(52)
    found = find_part((depth * np.float32(bias)).astype(np.float32), scene)
    assert overlap(solid(found.mask, scene.area), truth) > 0.93


@pytest.mark.parametrize('top, left', [(0, 0), (3, 30), (40, 46), (46, 17)])
def test_gaps_close_alike_wherever_the_part_is_and_at_the_borders(top: int, left: int) -> None:
    rng = np.random.default_rng(top)
    mask = np.zeros((SIZE, SIZE), bool)
    mask[top:top + 50, left:left + 50] = rng.random((50, 50)) < 0.3
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(closed, outlines, -1, 1, cv2.FILLED)
    assert cv2.connectedComponents(closed)[0] == 2  # one piece, nothing to drop
    np.testing.assert_array_equal(solid(mask, 0.0), closed > 0)


def test_the_support_is_the_exact_plane_of_exact_depth() -> None:
    plane = (1e-4, -3e-4, 1.7)
    found = support_plane(plane_depth(plane, (480, 640)))
    np.testing.assert_allclose(found, plane, atol=1e-7)
