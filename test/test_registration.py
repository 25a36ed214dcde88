"""Depth and clouds land on colour's pixels, through every lens; nothing is invented."""

import cv2
import numpy as np
import pytest

from dcmd_ros.frame import Intrinsics
from dcmd_ros.sensing.geometry import unproject, unproject_rays
from dcmd_ros.sensing.registration import (
    CameraModel,
    RegistrationError,
    check_frames,
    project_cloud,
    ray_table,
    register_depth,
)

WIDE = CameraModel(Intrinsics(160, 120, 90.0, 90.0, 79.5, 59.5))
LENSES = [
    ('plumb_bob', (-0.25, 0.06, 0.002, -0.001, 0.0)),
    ('rational_polynomial', (0.5, -2.7, 0.0006, -0.0002, 1.6, 0.37, -2.5, 1.5)),
    ('equidistant', (-0.01, 0.02, -0.01, 0.003)),
]


@pytest.mark.parametrize(('rgb', 'depth'), [('a', 'a'), ('', 'b'), ('a', ''), ('/a', 'a')])
def test_equal_or_unknown_frames_pass(rgb: str, depth: str) -> None:
    check_frames(rgb, depth)


def test_different_frames_are_refused_naming_both_and_the_cures() -> None:
    with pytest.raises(RegistrationError) as refused:
        check_frames('camera_color_optical_frame', 'camera_depth_optical_frame')
    text = str(refused.value)
    assert refused.value.cause == 'frames'
    for part in ('camera_color_optical_frame', 'camera_depth_optical_frame',
                 'align_depth.enable', 'depth_registration', 'depth_image_proc'):
        assert part in text


@pytest.mark.parametrize('lens', [('none', ()), LENSES[0]])
def test_depth_of_an_equal_camera_comes_back_as_it_is(lens: tuple[str, tuple[float, ...]]) -> None:
    model = CameraModel(WIDE.intrinsics, *lens)
    depth = np.ones(model.size, np.float32)
    assert register_depth(depth, model, CameraModel(model.intrinsics, *lens)) is depth


def test_depth_of_half_the_size_is_doubled_without_mixing_values() -> None:
    depth = np.random.default_rng(1).choice(np.float32([0, 1, 2]), (60, 80))
    half = CameraModel(Intrinsics(80, 60, 45.0, 45.0, 39.5, 29.5))
    whole = CameraModel(Intrinsics(160, 120, 90.0, 90.0, 79.5, 59.5))
    registered = register_depth(depth, half, whole)
    np.testing.assert_array_equal(registered, np.kron(depth, np.ones((2, 2))))
    np.testing.assert_array_equal(register_depth(registered, whole, half), depth)


def test_the_same_size_with_another_principal_point_is_shifted_and_open_at_the_border() -> None:
    i = WIDE.intrinsics
    moved = CameraModel(Intrinsics(160, 120, i.fx, i.fy, i.cx - 3, i.cy + 2))
    depth = np.arange(1, 160 * 120 + 1, dtype=np.float32).reshape(120, 160)
    registered = register_depth(depth, moved, WIDE)
    np.testing.assert_array_equal(registered[:-2, 3:], depth[2:, :-3])
    assert (registered[-2:] == 0).all()
    assert (registered[:, :3] == 0).all()


def test_row_padding_of_a_depth_image_does_not_matter() -> None:
    padded = np.random.default_rng(2).random((120, 170)).astype(np.float32)
    half = CameraModel(Intrinsics(80, 60, 45.0, 45.0, 39.5, 29.5))
    np.testing.assert_array_equal(register_depth(padded[:, :160], WIDE, half),
                                  register_depth(padded[:, :160].copy(), WIDE, half))


@pytest.mark.parametrize('lens', LENSES)
@pytest.mark.parametrize('which', ['rgb', 'depth', 'both'])
def test_the_lens_of_each_camera_is_honoured(
        lens: tuple[str, tuple[float, ...]], which: str) -> None:
    rgb = CameraModel(Intrinsics(100, 80, 85.0, 85.0, 49.5, 39.5),
                      *(lens if which != 'depth' else ('none', ())))
    eye = CameraModel(Intrinsics(320, 240, 180.0, 180.0, 159.5, 119.5),
                      *(lens if which != 'rgb' else ('none', ())))
    rays = ray_table(eye)
    scene = 2 + rays[..., 0] + 0.5 * rays[..., 1]  # depth tells which ray it was seen on
    registered = register_depth(np.ascontiguousarray(scene), eye, rgb)
    wanted = ray_table(rgb)
    assert (registered > 0).all()
    error = registered - (2 + wanted[..., 0] + 0.5 * wanted[..., 1])
    assert np.abs(error).max() < 1.5 / 180 * 1.5  # half a pixel each way, a little steeper outside


def test_without_undistortion_the_corners_would_be_off() -> None:
    bent = ray_table(CameraModel(WIDE.intrinsics, *LENSES[0]))
    straight = ray_table(WIDE)
    assert np.abs(bent - straight)[0, 0].max() * WIDE.intrinsics.fx > 5
    np.testing.assert_allclose(bent[59:61, 79:81], straight[59:61, 79:81], atol=1e-4)


def test_rays_that_the_depth_camera_does_not_see_stay_missing_beyond_the_fold() -> None:
    folding = CameraModel(Intrinsics(160, 120, 160.0, 160.0, 79.5, 59.5), 'plumb_bob',
                          (-0.4, 0.0, 0.0, 0.0))
    wider = CameraModel(Intrinsics(160, 120, 40.0, 40.0, 79.5, 59.5))
    registered = register_depth(np.ones(folding.size, np.float32), folding, wider)
    seen = np.argwhere(registered > 0)
    assert registered[60, 80] == 1
    lengths = np.hypot(seen[:, 1] - 79.5, seen[:, 0] - 59.5) / 40
    assert 0.58 < lengths.max() < 0.92  # rays from about 1.2 to 1.8 would fall into it again


def test_depth_that_its_calibration_does_not_describe_is_refused() -> None:
    with pytest.raises(RegistrationError, match='depth image is 10x10'):
        register_depth(np.ones((10, 10), np.float32), WIDE, WIDE)


def slope(model: CameraModel) -> np.ndarray:
    v, u = np.mgrid[:model.size[0], :model.size[1]]
    return (1 + 0.002 * u + 0.001 * v).astype(np.float32)


@pytest.mark.parametrize('lens', [('none', ()), *LENSES])
def test_a_cloud_projects_back_onto_the_depth_it_came_from(
        lens: tuple[str, tuple[float, ...]]) -> None:
    model = CameraModel(WIDE.intrinsics, *lens)
    depth = slope(model)
    depth[40:50, 60:80] = 0
    cloud = unproject_rays(depth, ray_table(model))
    np.testing.assert_array_equal(project_cloud(cloud, model), depth)
    shuffled = np.random.default_rng(3).permutation(cloud.reshape(-1, 3))
    np.testing.assert_array_equal(project_cloud(shuffled, model), depth)


def test_a_transform_takes_the_cloud_into_the_camera_and_missing_points_stay_missing() -> None:
    rotation = cv2.Rodrigues(np.array([0.3, -1.2, 0.5]))[0]
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, (0.05, -0.02, 0.5)
    depth = slope(WIDE)
    xyz = unproject(depth, WIDE.intrinsics).reshape(-1, 3)
    elsewhere = ((xyz - pose[:3, 3]) @ rotation).astype(np.float32)
    cloud = np.concatenate([elsewhere, np.zeros((50, 3), np.float32)])
    np.testing.assert_allclose(project_cloud(cloud, WIDE, pose), depth, atol=1e-5)
    assert (project_cloud(np.zeros((50, 3), np.float32), WIDE, pose) == 0).all()


def test_the_nearest_point_of_a_pixel_wins_and_points_behind_or_beside_are_dropped() -> None:
    cloud = np.float32([[0, 0, 2], [0, 0, 1], [0, 0, 3], [0, 0, -1], [50, 0, 1], [0, np.nan, 1],
                        [np.inf, 0, 1], [3e38, 3e38, 1e-2], [0, 0, 2000]])
    one = CameraModel(Intrinsics(3, 3, 1.0, 1.0, 1.0, 1.0))
    depth = project_cloud(cloud, one)
    assert depth[1, 1] == 1
    assert np.isfinite(depth).all()


@pytest.mark.parametrize('keep', [2, 3, 5])
def test_gaps_of_a_sparse_cloud_are_closed_but_not_its_holes(keep: int) -> None:
    depth = slope(WIDE)
    depth[40:80, 60:100] = 0
    sparse = np.zeros_like(depth)
    sparse[::keep, ::keep] = depth[::keep, ::keep]
    closed = project_cloud(unproject(sparse, WIDE.intrinsics), WIDE)
    inner = np.zeros(depth.shape, bool)
    inner[keep:-keep, keep:-keep] = True
    inner[40 - keep:80 + keep, 60 - keep:100 + keep] = False
    assert (closed[inner] > 0).all()
    assert np.abs(closed - depth)[inner].max() < 0.003 * keep
    assert (closed[45:75, 65:95] == 0).all()


def test_the_background_does_not_shine_through_a_sparse_surface() -> None:
    near = np.zeros(WIDE.size, np.float32)
    near[::2, ::2] = 1
    far = np.full(WIDE.size, 3, np.float32)
    far[::2, ::2] = 0
    far[:, 80:] = 0
    cloud = np.concatenate([unproject(d, WIDE.intrinsics).reshape(-1, 3) for d in (near, far)])
    depth = project_cloud(cloud[cloud[:, 2] > 0], WIDE)
    assert (depth[:-1, :70] == 1).all()


def test_a_dense_cloud_with_noise_holes_is_left_alone() -> None:
    depth = slope(WIDE)
    depth[np.random.default_rng(4).random(depth.shape) < 0.03] = 0
    np.testing.assert_array_equal(project_cloud(unproject(depth, WIDE.intrinsics), WIDE), depth)


def test_an_empty_cloud_is_an_empty_image() -> None:
    assert (project_cloud(np.zeros((0, 3), np.float32), WIDE) == 0).all()


def test_a_point_beyond_the_fold_of_the_lens_does_not_appear_in_the_image() -> None:
    folding = CameraModel(Intrinsics(160, 120, 160.0, 160.0, 79.5, 59.5), 'plumb_bob',
                          (-0.4, 0.0, 0.0, 0.0))
    beside = np.float32([[1.55, 0, 1]])  # 1.55 * (1 - 0.4 * 1.55^2) = 0.06: inside the image
    assert (project_cloud(beside, folding) == 0).all()
