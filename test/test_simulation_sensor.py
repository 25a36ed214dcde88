"""The depth sensor errs the way a projector and a camera do."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.simulation import KINDS, simulate
from dcmd_ros.simulation.camera import intrinsics
from dcmd_ros.simulation.sensor import measure_depth

SIZE = (640, 480)
K = intrinsics(SIZE)


def measured(depth: np.ndarray, cosine: float = 1.0, glint: float = 0.0) -> np.ndarray:
    plain = np.ones(depth.shape, np.float32)
    return measure_depth(depth.astype(np.float32), plain * np.float32(cosine),
                         plain * np.float32(glint), K, np.random.default_rng(0))


def flat(distance: float) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0]), distance, np.float32)


def deviation(distance: float) -> float:
    depth = measured(flat(distance))
    return float(depth[depth > 0].std())


def test_noise_grows_with_the_square_of_the_distance() -> None:
    assert deviation(1.0) / deviation(0.5) == pytest.approx(4, rel=0.05)


def test_noise_at_the_station_is_below_a_millimetre() -> None:
    assert 1e-4 < deviation(0.65) < 1e-3


def test_depth_comes_in_steps_of_disparity() -> None:
    depth = measured(flat(0.65))
    levels = np.unique(depth[depth > 0])
    steps = np.diff(K.fx * 0.06 * 32 / levels.astype(np.float64))
    assert len(levels) < 40
    assert np.abs(steps - np.rint(steps)).max() < 0.01


def test_neighbours_share_some_of_the_noise() -> None:
    depth = measured(flat(0.65)).astype(np.float64)
    depth[depth == 0] = np.nan
    error = depth - np.nanmean(depth)
    product = error[:, :-3] * error[:, 3:]
    assert np.nanmean(product) > 0.05 * np.nanvar(error)


def test_grazing_surfaces_and_glare_are_missing() -> None:
    assert (measured(flat(0.65), cosine=0.1) == 0).all()
    assert (measured(flat(0.65), glint=1.5) == 0).all()
    assert (measured(flat(0.65)) == 0).mean() < 0.002


def test_a_step_casts_the_projectors_shadow_on_its_far_side() -> None:
    depth = flat(0.65)
    depth[:, 300:400] = 0.60
    missing = (measured(depth) == 0).mean(0)
    width = 900 * 0.06 * (1 / 0.60 - 1 / 0.65)
    assert missing[402:400 + int(width)].min() > 0.95
    assert missing[290:298].max() < 0.05


def test_some_pixels_at_a_step_fly_between_its_sides() -> None:
    depth = flat(0.65)
    depth[:, 300:400] = 0.60
    edge = measured(depth)[:, 299:301]
    between = (edge > 0.605) & (edge < 0.645)
    assert 0.05 < between.mean() < 0.5


@pytest.mark.parametrize('kind', KINDS)
def test_a_plausible_share_of_the_part_is_missing(kind: str) -> None:
    for index in (0, 30, 60):
        frame = simulate(8, kind, index)
        assert np.isfinite(frame.depth).all() and frame.depth.dtype == np.float32
        assert 0.005 < (frame.depth[frame.part] == 0).mean() < 0.2
        assert (frame.depth == 0).mean() < 0.05


@pytest.mark.parametrize('kind', KINDS)
def test_depth_and_its_points_agree_and_are_right(kind: str) -> None:
    frame = simulate(8, kind, 0)
    k, xyz, there = frame.intrinsics, frame.xyz, frame.depth > 0
    assert (xyz[~there] == 0).all()
    v, u = np.nonzero(there)
    x, y, z = xyz[there].T
    assert np.abs(k.fx * x / z + k.cx - u).max() < 1e-2
    assert np.abs(k.fy * y / z + k.cy - v).max() < 1e-2
    assert np.median(np.abs(frame.depth - frame.true_depth)[there]) < 5e-4


@pytest.mark.parametrize('kind', KINDS)
def test_colour_is_neither_black_nor_burnt(kind: str) -> None:
    for index in (0, 30, 60):
        frame = simulate(8, kind, index)
        assert frame.rgb.dtype == np.uint8 and frame.rgb.shape == (480, 640, 3)
        part = frame.rgb[frame.part]
        assert 60 < part.mean() < 215
        assert (part.min(1) == 255).mean() < 0.1
