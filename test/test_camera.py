"""The simulated camera's pool and its noise."""

from itertools import islice

import numpy as np

from dcmd_ros.nodes.camera import CameraOptions, LightNoise, frames, render

SMALL = CameraOptions(seed=3, size=(64, 48), pool=4, defect_rate=0.5, frames_per_part=2)


def test_the_pool_has_the_stated_share_of_defects_and_is_the_same_each_time() -> None:
    parts = render(SMALL)
    assert sum(part.label != 'good' for part in parts) == 2
    assert all(np.array_equal(a.rgb, b.rgb) and np.array_equal(a.depth, b.depth)
               and a.label == b.label for a, b in zip(parts, render(SMALL), strict=True))


def test_a_part_stays_for_its_frames_and_the_pool_comes_round() -> None:
    shown = list(islice(frames(render(SMALL), SMALL), 10))
    assert [frame.file for frame in shown] == [f'turned/3/{n:03d}' for n in
                                               (0, 0, 1, 1, 2, 2, 3, 3, 0, 0)]
    assert not np.array_equal(shown[0].rgb, shown[1].rgb)
    assert not np.array_equal(shown[0].depth, shown[8].depth)


def test_the_noise_is_light_and_leaves_missing_depth_missing() -> None:
    rgb = np.full((48, 64, 3), 100, np.uint8)
    depth = np.full((48, 64), 0.7, np.float32)
    depth[5, 5] = 0
    noisy, measured = LightNoise((64, 48), 0).add(rgb, depth, 7)
    assert 0.5 < noisy.astype(float).std() < 1.0 and abs(noisy.mean() - 100) < 0.1
    assert measured[5, 5] == 0 and (measured[:5] > 0).all()
    assert 2e-5 < (measured[:5] - 0.7).std() < 6e-5
