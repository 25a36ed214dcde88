"""Lens distortion agrees with OpenCV's, and its inverse knows where there is none."""

import cv2
import numpy as np
import pytest

from dcmd_ros.sensing.distortion import distort, fold, undistort

RAYS = np.random.default_rng(9).uniform(-0.6, 0.6, (500, 2))
LENSES = [
    ('plumb_bob', (-0.28, 0.09, 0.001, -0.0005)),
    ('plumb_bob', (-0.28, 0.09, 0.001, -0.0005, -0.01)),
    ('rational_polynomial', (0.4, -2.5, 0.0006, -0.0002, 1.5, 0.27, -2.3, 1.4)),
    ('rational_polynomial', (0.4, -2.5, 6e-4, -2e-4, 1.5, 0.27, -2.3, 1.4, 0.01, 2e-3, -0.01,
                             3e-3)),
    ('equidistant', (-0.01, 0.02, -0.01, 0.003)),
]


@pytest.mark.parametrize(('model', 'd'), LENSES[:-1])
def test_distortion_is_opencvs(model: str, d: tuple[float, ...]) -> None:
    points = np.c_[RAYS, np.ones(len(RAYS))]
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), np.array(d))
    np.testing.assert_allclose(distort(RAYS, model, d), expected.reshape(-1, 2), atol=1e-12)


def test_equidistant_distortion_is_kannala_and_brandts() -> None:
    model, d = LENSES[-1]
    length = np.linalg.norm(RAYS, axis=1, keepdims=True)
    theta = np.arctan(length)
    bent = theta * (1 + d[0] * theta ** 2 + d[1] * theta ** 4 + d[2] * theta ** 6
                    + d[3] * theta ** 8)
    np.testing.assert_allclose(distort(RAYS, model, d), RAYS / length * bent, atol=1e-12)


@pytest.mark.parametrize(('model', 'd'), [*LENSES, ('none', ())])
def test_undistortion_is_the_inverse(model: str, d: tuple[float, ...]) -> None:
    back = undistort(distort(RAYS, model, d), model, d)
    np.testing.assert_allclose(back, RAYS, atol=2e-6)


def test_a_point_that_no_ray_reaches_has_none() -> None:
    d = (-0.35, 0.02, 0.0, 0.0)  # turns back at a length of about 1, and out again beyond 3
    limit = fold('plumb_bob', d)
    assert 0.9 < limit < 1.2
    farthest = distort(np.array([[limit, 0.0]]), 'plumb_bob', d)[0, 0]
    points = np.stack([np.linspace(0, 3 * farthest, 300), np.zeros(300)], axis=1)
    rays = undistort(points, 'plumb_bob', d)
    assert np.isfinite(rays[points[:, 0] < 0.99 * farthest]).all()
    assert np.isnan(rays[points[:, 0] > 1.01 * farthest]).all()


def test_a_lens_that_never_turns_back_has_no_fold() -> None:
    assert fold('plumb_bob', (0.1, 0.0, 0.0, 0.0)) == float('inf')
