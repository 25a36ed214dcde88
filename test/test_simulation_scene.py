"""One scene, one pinhole: depth, colour, shadow and truth fall on the same pixels."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.simulation import KINDS, simulate
from dcmd_ros.simulation.camera import look_down
from dcmd_ros.simulation.scene import Pose, compose, look_at, window
from dcmd_ros.simulation.simulator import arrange
from dcmd_ros.simulation.station import backdrop
from dcmd_ros.simulation.surface import GRID, MM, Finish, Surface, disc

SIZE = (640, 480)
kinds = pytest.mark.parametrize('kind', KINDS)


def unprojected(depth: np.ndarray, k) -> np.ndarray:
    v, u = np.mgrid[:k.height, :k.width]
    return np.stack([(u - k.cx) / k.fx * depth, (v - k.cy) / k.fy * depth, depth], -1)


@kinds
def test_the_table_is_a_plane_to_a_hundredth_of_a_millimetre(kind: str) -> None:
    frame = simulate(0, kind, 0, None, SIZE, empty=True)
    scene = arrange(0, kind, 0, None, SIZE, empty=True).scene
    points = unprojected(frame.true_depth, frame.intrinsics)[np.abs(scene.height) < 1e-7]
    centred = points - points.mean(0)
    normal = np.linalg.svd(centred[::50], full_matrices=False)[2][2]
    assert len(points) > 0.4 * frame.true_depth.size
    assert np.abs(centred @ normal).max() < 1e-5


@kinds
def test_the_camera_is_half_a_metre_or_more_away_and_slightly_tilted(kind: str) -> None:
    distance, *angles = KINDS[kind].camera
    view = look_down(SIZE, *KINDS[kind].camera)
    assert 0.5 <= distance <= 0.8
    assert 0.02 < np.hypot(*angles) < 0.3
    assert np.allclose(view.axes @ view.axes.T, np.eye(3))
    assert np.linalg.det(view.axes) == pytest.approx(1)


def cylinder(albedo: float = 0.5) -> Surface:
    """A plain disc of 30 mm radius and 20 mm height."""
    height = ((disc((0, 0), 30) > 0) * np.float32(20 * MM)).astype(np.float32)
    return Surface(height, np.full((3, GRID, GRID), albedo, np.float32),
                   np.zeros((2, GRID, GRID), np.float32), 0.0, Finish(10))


def test_a_disc_of_known_size_is_where_the_pinhole_puts_it() -> None:
    view, pose = look_down(SIZE, 0.6, 0.1, 0.05), Pose(0.03, -0.02, 0.7)
    patch = look_at(cylinder(), pose, view, window(view, pose, 0.031, 0.021))
    scene = compose(view, backdrop('belt', view), np.ones(view.x0.shape, np.float32), patch)
    top = scene.height > 19.99 * MM
    k = view.intrinsics
    in_camera = unprojected(scene.depth, k)[top]
    world = in_camera @ view.axes + view.position
    assert np.abs(world[:, 2] - 20 * MM).max() < 1e-5
    assert np.abs(world[:, :2].mean(0) - (0.03, -0.02)).max() < 0.3 * MM
    radius = np.hypot(world[:, 0] - 0.03, world[:, 1] + 0.02)
    assert 29.3 * MM < radius.max() < 30.6 * MM
    area_of_a_pixel = (np.median(scene.depth[top]) / k.fx) ** 2
    assert top.sum() * area_of_a_pixel == pytest.approx(np.pi * 0.03 ** 2, rel=0.05)


def test_a_wall_that_faces_the_camera_is_seen_and_one_behind_is_hidden() -> None:
    view, pose = look_down(SIZE, 0.6, 0.2, 0.0), Pose(0.0, 0.0, 0.0)  # from the picture's foot
    patch = look_at(cylinder(), pose, view, window(view, pose, 0.031, 0.021))
    assert patch is not None
    wall = patch.part & (patch.height < 18 * MM)
    rows = np.nonzero(wall)[0] + patch.window[0].start
    assert (rows > view.intrinsics.cy).mean() > 0.95


def test_shift_moves_part_and_belt_by_that_many_metres() -> None:
    here, there = (arrange(3, 'turned', 0, None, SIZE, shift=s) for s in (0.0, 0.05))
    assert there.pose.x - here.pose.x == pytest.approx(0.05)
    moved = [np.median(shot.scene.view.x0[shot.scene.part]) for shot in (here, there)]
    assert moved[1] - moved[0] == pytest.approx(0.05, abs=0.004)
    table = (here.scene.height == 0) & (there.scene.height == 0)
    row = 100
    seen = [np.interp(np.linspace(-0.1, 0.0, 50) + shift, shot.scene.view.x0[row],
                      shot.scene.grain[row]) for shot, shift in ((here, 0.0), (there, 0.05))]
    assert table[row].all()
    assert np.corrcoef(*seen)[0, 1] > 0.9


def test_the_shadow_falls_away_from_the_lamp() -> None:
    """The lamp is at the upper left, so the belt is darker at the lower right of the part."""
    full, empty = (simulate(3, 'turned', 1, size=SIZE, empty=e) for e in (False, True))
    darker = empty.rgb.mean(-1) - full.rgb.mean(-1)
    rows, columns = np.nonzero(full.part)
    centre, reach = (rows.mean(), columns.mean()), (columns.max() - columns.min()) / 2
    v, u = np.mgrid[:480, :640]
    belt = ~full.part & (np.hypot(v - centre[0], u - centre[1]) < reach + 12)
    side = (v - centre[0]) + (u - centre[1])
    assert darker[belt & (side > reach)].mean() > darker[belt & (side < -reach)].mean() + 2


@kinds
def test_any_size_shows_the_same_scene(kind: str) -> None:
    large, small = (arrange(2, kind, 0, 'bump', size) for size in (SIZE, (320, 240)))
    share = [shot.scene.part.mean() for shot in (large, small)]
    assert share[0] == pytest.approx(share[1], rel=0.02)
    assert small.mask.mean() == pytest.approx(large.mask.mean(), rel=0.25)
