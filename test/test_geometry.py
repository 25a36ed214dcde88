"""Points, normals and planes: exact on planes, close on a sphere, never from missing depth."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing import geometry
from dcmd_ros.sensing.geometry import (
    Plane,
    fit_intrinsics,
    height_above,
    measured,
    normals,
    normals_of_xyz,
    plane_of,
    rotate_to_plane,
    unproject,
    unproject_rays,
)
from dcmd_ros.sensing.message import MessageError
from dcmd_ros.sensing.registration import CameraModel, ray_table

CAMERA = Intrinsics(160, 120, 150.0, 160.0, 70.0, 65.0)
TILTED = np.array([0.3, -0.4, -1.0]) / np.sqrt(1.25)


def rays(camera: Intrinsics = CAMERA) -> NDArray[np.float64]:
    v, u = np.mgrid[:camera.height, :camera.width]
    x, y = (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy
    return np.stack([x, y, np.ones_like(x)], axis=-1)


def plane_depth(normal: NDArray[np.float64] = TILTED, distance: float = 0.7,
                seen: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
    return (-distance / ((rays() if seen is None else seen) @ normal)).astype(np.float32)


def degrees(found: NDArray[np.float32], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle between unit vectors (..., 3), exact for small ones too."""
    return np.degrees(2 * np.arcsin(np.linalg.norm(found - wanted, axis=-1) / 2))


def holes(seed: int = 0) -> NDArray[np.bool_]:
    gone = np.random.default_rng(seed).random((120, 160)) < 0.1
    gone[50:70, 60:95] = True
    return gone


def test_unprojection_puts_points_on_their_rays_and_missing_at_zero() -> None:
    depth = plane_depth()
    depth[3, 4] = 0
    xyz = unproject(depth, CAMERA)
    assert xyz.dtype == np.float32
    assert (xyz[3, 4] == 0).all()
    np.testing.assert_allclose(xyz, rays() * depth[..., np.newaxis], atol=1e-6)


def test_unprojection_through_a_lens_uses_its_rays_and_skips_what_it_cannot_see() -> None:
    table = rays()[..., :2].astype(np.float32)
    depth = plane_depth()
    np.testing.assert_allclose(unproject_rays(depth, table), unproject(depth, CAMERA), atol=1e-6)
    table[7, 8] = np.nan
    xyz = unproject_rays(depth, table)
    assert (xyz[7, 8] == 0).all()
    assert np.isfinite(xyz).all()


def test_the_camera_is_found_from_its_points() -> None:
    depth = plane_depth()
    depth[holes()] = 0
    found = fit_intrinsics(unproject(depth, CAMERA))
    assert (found.width, found.height) == (160, 120)
    np.testing.assert_allclose([found.fx, found.fy, found.cx, found.cy],
                               [150, 160, 70, 65], rtol=1e-5)


@pytest.mark.parametrize('xyz', [
    np.zeros((20, 20, 3), np.float32), np.ones((20, 20, 3), np.float32),
    np.random.default_rng(1).normal(5, 1, (40, 40, 3)).astype(np.float32),
    unproject(plane_depth(), CAMERA)[:, ::-1].copy(),
    unproject(plane_depth(), CAMERA) + np.random.default_rng(2).normal(
        0, [0.02, 0, 0], (120, 160, 3)).astype(np.float32)])
def test_points_that_no_pinhole_camera_saw_are_refused(xyz: NDArray[np.float32]) -> None:
    with pytest.raises(MessageError) as refused:
        fit_intrinsics(xyz)
    assert refused.value.cause == 'calibration'


@pytest.mark.parametrize('sigma', [0.7, 1.0, 1.5, 3.0])
def test_normals_of_a_tilted_plane_are_exact_up_to_every_border(sigma: float) -> None:
    depth = plane_depth()
    depth[holes()] = 0
    mask = np.hypot(*(np.mgrid[:120, :160] - np.array([60, 80]).reshape(2, 1, 1))) < 50
    found = normals(depth, CAMERA, sigma, mask)
    valid = measured(found)
    assert found.dtype == np.float32
    assert degrees(found[valid], TILTED).max() < 0.2
    assert not valid[(depth == 0) | ~mask].any()
    assert valid[(depth > 0) & mask].mean() > 0.99


def test_normals_of_a_sphere_point_from_its_centre() -> None:
    centre, radius = np.array([0.02, -0.01, 0.8]), 0.2
    ray = rays()
    b, a = ray @ centre, (ray * ray).sum(axis=-1)
    under = b * b - a * (centre @ centre - radius ** 2)
    depth = np.where(under > 0, (b - np.sqrt(np.maximum(under, 0))) / a, 0).astype(np.float32)
    wanted = (ray * depth[..., np.newaxis] - centre) / radius
    front = -(wanted * ray).sum(axis=-1) / np.sqrt(a) > 0.5  # not where it curves away
    found = normals(depth, CAMERA, 1.0)
    assert measured(found)[(depth > 0) & front].all()
    error = degrees(found[(depth > 0) & front], wanted[(depth > 0) & front])
    assert np.median(error) < 0.5
    assert error.max() < 3


@pytest.mark.parametrize('seed', range(5))
def test_normals_are_unit_finite_and_face_the_camera_whatever_the_depth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0.05, 50, (120, 160)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.4] = 0
    depth[0, :5] = [1e-30, 1e-4, 999, 1e-3, 2e-3]
    for found in (normals(depth, CAMERA, 1.0), normals_of_xyz(unproject(depth, CAMERA), 1.0)):
        assert np.isfinite(found).all()
        valid = measured(found)
        assert valid.mean() > 0.3
        np.testing.assert_allclose(np.linalg.norm(found[valid], axis=-1), 1, atol=1e-5)
        assert not valid[depth == 0].any()
    towards = (normals(depth, CAMERA, 1.0) * rays()).sum(axis=-1)
    assert (towards[measured(normals(depth, CAMERA, 1.0))] < 0).mean() > 0.99


def test_what_lies_off_the_mask_never_bleeds_in() -> None:
    mask = np.zeros((120, 160), bool)
    mask[30:90, 40:120] = True
    part = plane_depth()
    beside = np.where(mask, part, part * 3).astype(np.float32)
    np.testing.assert_array_equal(normals(part, CAMERA, 2.0, mask),
                                  normals(beside, CAMERA, 2.0, mask))


def test_smoothing_averages_noise_away() -> None:
    depth = plane_depth() + np.random.default_rng(2).normal(0, 5e-4, (120, 160)).astype(np.float32)
    errors = [np.median(degrees(normals(depth, CAMERA, s), TILTED)) for s in (0.7, 1.5, 3.0)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_too_few_neighbours_give_no_normal() -> None:
    depth = np.zeros((120, 160), np.float32)
    assert not normals(depth, CAMERA, 1.5).any()
    depth[60, 80] = 1
    depth[20, :] = 1
    assert not normals(depth, CAMERA, 1.5).any()
    depth[59:62, 79:82] = 1
    assert measured(normals(depth, CAMERA, 1.0))[60, 80]


def test_the_bands_in_which_normals_are_computed_do_not_show(
        monkeypatch: pytest.MonkeyPatch) -> None:
    depth = np.random.default_rng(3).uniform(1, 2, (120, 160)).astype(np.float32)
    monkeypatch.setattr(geometry, 'BAND', 1000)
    whole = normals(depth, CAMERA, 1.5)
    monkeypatch.setattr(geometry, 'BAND', 7)
    np.testing.assert_allclose(normals(depth, CAMERA, 1.5), whole, atol=1e-5)


def test_normals_from_points_agree_with_those_from_depth() -> None:
    depth = plane_depth()
    depth += 0.01 * np.sin(np.arange(160, dtype=np.float32) / 9)
    depth[holes()] = 0
    a, b = normals(depth, CAMERA, 1.5), normals_of_xyz(unproject(depth, CAMERA), 1.5)
    np.testing.assert_array_equal(measured(a), measured(b))
    assert degrees(a, b).max() < 0.1


def test_normals_from_points_are_exact_through_a_lens_where_a_pinhole_is_not() -> None:
    model = CameraModel(CAMERA, 'plumb_bob', (-0.25, 0.06, 0.002, -0.001, 0.0))
    table = ray_table(model)
    depth = plane_depth(seen=np.dstack([table, np.ones(model.size)]))
    found = normals_of_xyz(unproject_rays(depth, table), 1.0)
    inside = (slice(5, -5), slice(5, -5))
    assert degrees(found, TILTED)[inside].max() < 0.3
    assert degrees(normals(depth, CAMERA, 1.0), TILTED)[inside].max() > 1


def table_with_parts(seed: int, share: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A tilted table of which `share` lies under boxes 5 cm high, noisy, with holes."""
    rng = np.random.default_rng(seed)
    box = np.zeros((120, 160), bool)
    box[:, :int(160 * share)] = True
    depth = np.where(box, plane_depth(distance=0.65), plane_depth())
    depth += rng.normal(0, 3e-4, depth.shape)
    depth[holes(seed)] = 0
    return unproject(depth.astype(np.float32), CAMERA), box


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('share', [0.0, 0.2, 0.4])
def test_the_plane_is_found_beside_parts_holes_and_noise(seed: int, share: float) -> None:
    xyz, _ = table_with_parts(seed, share)
    plane = plane_of(xyz, None, np.random.default_rng(seed))
    assert plane is not None
    assert degrees(np.array(plane.normal), TILTED) < 0.1
    assert abs(plane.offset - 0.7) < 2e-4


def test_the_plane_is_that_of_the_mask() -> None:
    xyz, box = table_with_parts(0, 0.3)
    plane = plane_of(xyz, box, np.random.default_rng(0))
    assert plane is not None
    assert abs(plane.offset - 0.65) < 2e-4


def test_the_plane_is_the_same_for_the_same_seed() -> None:
    xyz, _ = table_with_parts(1, 0.4)
    assert (plane_of(xyz, None, np.random.default_rng(4))
            == plane_of(xyz, None, np.random.default_rng(4)))


def test_points_that_span_no_plane_have_none() -> None:
    rng = np.random.default_rng(0)
    nothing = np.zeros((20, 20, 3), np.float32)
    assert plane_of(nothing, None, rng) is None
    line = nothing.copy()
    line[5] = np.linspace([0, 0, 1], [1, 2, 3], 20)
    assert plane_of(line, None, rng) is None
    point = nothing + np.float32([0.1, 0.2, 1])
    assert plane_of(point, None, rng) is None
    assert plane_of(point, np.zeros((20, 20), bool), rng) is None


def test_height_is_positive_towards_the_camera_and_zero_where_missing() -> None:
    xyz = np.float32([[[0, 0, 0.9], [0, 0, 1], [0.5, 0.5, 1.1], [0, 0, 0]]])
    height = height_above(xyz, Plane((0.0, 0.0, -1.0), 1.0))
    np.testing.assert_allclose(height, [[0.1, 0, -0.1, 0]], atol=1e-6)


@pytest.mark.parametrize('normal', [TILTED, np.array([0.0, 0.0, -1.0]),
                                    np.array([0.7, 0.1, -0.5]) / np.sqrt(0.75)])
def test_in_the_planes_frame_the_plane_points_up(normal: NDArray[np.float64]) -> None:
    plane = Plane((float(normal[0]), float(normal[1]), float(normal[2])), 1.0)
    np.testing.assert_allclose(plane.rotation @ plane.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(plane.rotation) > 0
    turned = rotate_to_plane(np.float32([[normal, (0, 0, 0)]]), plane)
    np.testing.assert_allclose(turned, [[[0, 0, 1], [0, 0, 0]]], atol=1e-6)


def test_the_planes_frame_is_steady_where_the_camera_looks_straight_down() -> None:
    across = np.float32([[[1, 0, 0], [0, 1, 0]]])
    for tilt in ((0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01), (0.0, 0.0)):
        normal = np.array([*tilt, -1.0]) / np.linalg.norm([*tilt, 1.0])
        turned = rotate_to_plane(across, Plane(tuple(normal), 1.0))
        np.testing.assert_allclose(turned, [[[1, 0, 0], [0, -1, 0]]], atol=0.011)
