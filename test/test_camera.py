"""The simulated camera's pool, its belt, its lens and its noise."""

from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from dcmd_ros.nodes.camera import CameraOptions, LightNoise, drawn, frames, render
from dcmd_ros.nodes.lens import Lens
from dcmd_ros.sensing.camera_model import CameraModel
from dcmd_ros.sensing.geometry import unproject_rays
from dcmd_ros.sensing.registration import ray_table
from dcmd_ros.simulation import DEFECTS, Belt, SimulationError, simulate
from dcmd_ros.simulation.camera import intrinsics
from dcmd_ros.simulation.sensor import depth_of

SMALL = CameraOptions(seed=3, size=(64, 48), pool=4, defect_rate=0.5, frames_per_part=2)
BELT = replace(SMALL, pool=2, defect_rate=1.0, size=(160, 120), fps=10, belt=Belt(0.5, 0.3))


def test_the_pool_has_the_stated_share_of_defects_and_is_the_same_each_time() -> None:
    parts = render(SMALL)
    assert sum(part.defect != 'good' for part in parts) == 2
    for one, other in zip(parts, render(SMALL), strict=True):
        assert one.defect == other.defect
        for a, b in zip(one.pictures, other.pictures, strict=True):
            assert np.array_equal(a.rgb, b.rgb) and np.array_equal(a.steps, b.steps)


def test_each_defect_comes_as_often_as_the_others() -> None:
    found = drawn(replace(SMALL, pool=60, defect_rate=0.6))
    counts = Counter(found.values())
    assert set(counts) == set(DEFECTS) and set(counts.values()) == {4}
    order = [found[index] for index in sorted(found)]
    assert len(set(order[:9])) == 9, 'nine defective parts in a row have nine defects'
    assert drawn(replace(SMALL, seed=4, pool=60, defect_rate=0.6)) != found


def test_a_part_stays_for_its_frames_and_the_pool_comes_round() -> None:
    shown = list(islice(frames(render(SMALL), SMALL), 10))
    assert [frame.file for frame in shown] == [f'turned/3/{n:03d}' for n in
                                               (0, 0, 1, 1, 2, 2, 3, 3, 0, 0)]
    assert [frame.about['part'] for frame in shown] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert not np.array_equal(shown[0].rgb, shown[1].rgb)
    assert not np.array_equal(shown[0].depth, shown[8].depth)


def test_the_truth_names_the_defect_and_its_group() -> None:
    for frame in islice(frames(render(SMALL), SMALL), 8):
        about = frame.about
        assert (about['kind'], about['view'], about['defect']) == ('turned', 'whole', frame.label)
        assert about['group'] == DEFECTS.get(frame.label)
        assert frame.truth.any() == (frame.label != 'good')


def test_the_place_may_be_empty_between_two_parts() -> None:
    camera = replace(SMALL, kind='woven', empty_frames=3)
    shown = list(islice(frames(render(camera), camera), 10))
    empty = [frame for frame in shown if frame.label == 'no_part']
    assert len(empty) == 6
    assert [frame.about['view'] for frame in shown] == [*['whole'] * 2, *['empty'] * 3] * 2
    assert [frame.about['part'] for frame in shown[:2]] == [0, 0] and shown[5].about['part'] == 1
    for frame in empty:
        assert frame.about['part'] is frame.about['defect'] is frame.about['group'] is None
        assert not frame.truth.any()


def test_a_part_on_the_belt_comes_in_crosses_and_leaves_an_empty_belt() -> None:
    parts = render(BELT)
    steps = [len(part.pictures) for part in parts]
    shown = list(islice(frames(parts, BELT), sum(steps)))
    for number, passing in enumerate((shown[:steps[0]], shown[steps[0]:])):
        views = [frame.about['view'] for frame in passing]
        changes = [a for a, b in zip([None, *views], views, strict=False) if a != b]
        assert [*changes[1:], views[-1]] == ['empty', 'partly', 'whole', 'partly', 'empty']
        assert views.count('whole') >= 3
        assert views[::-1].index('partly') >= 3, '0.3 s of empty belt at 10 Hz'
        assert {frame.about['part'] for frame in passing} == {None, number}
        for frame, view in zip(passing, views, strict=True):
            assert frame.label == (frame.about['defect'] if view == 'whole' else 'no_part')
            assert frame.truth.any() or view != 'whole'
            assert not frame.truth.any() or view != 'empty'


def test_each_place_on_the_belt_is_rendered_for_itself() -> None:
    """Not a picture that is pushed along: what is seen of the part changes on its way."""
    pictures = [seen for seen in render(BELT)[0].pictures if seen.presence == 'whole']
    first, last = pictures[0], pictures[-1]
    columns = [int(np.nonzero(seen.mask.any(0))[0].mean()) for seen in (first, last)]
    assert columns[1] > columns[0] + 20
    assert not np.array_equal(np.roll(first.steps, columns[1] - columns[0], 1), last.steps)


def test_what_cannot_be_on_a_belt_is_refused() -> None:
    with pytest.raises(SimulationError, match='woven parts stand in a fixture, only turned'):
        render(replace(BELT, kind='woven'))
    with pytest.raises(SimulationError, match='not wholly seen 2 times.*13 frames a second'):
        render(replace(BELT, belt=Belt(1.2), fps=5))


def test_the_pool_keeps_depth_exactly() -> None:
    part, = render(replace(SMALL, pool=1, defect_rate=0.0))
    frame = simulate(3, 'turned', 0, None, (64, 48))
    shown = next(frames([part], SMALL))
    assert np.array_equal(part.pictures[0].rgb, frame.rgb)
    assert np.array_equal(depth_of(part.pictures[0].steps), frame.depth)
    assert np.array_equal(shown.depth > 0, frame.depth > 0)
    assert np.abs(shown.depth - frame.depth).max() < 3e-4


def test_a_lens_bends_both_images_as_its_coefficients_say() -> None:
    """Points that are undistorted with the coefficients lie where the pinhole has them."""
    distortion, k = (0.3, -0.1, 0.002, -0.001, 0.0), intrinsics((160, 120))
    frame = simulate(1, 'sheet', 0, None, (160, 120), empty=True)
    lens = Lens(k, distortion)
    bent = lens.exact(frame.true_depth)
    assert not np.array_equal(bent, frame.true_depth)
    rays = ray_table(CameraModel(k, 'plumb_bob', distortion))
    points = unproject_rays(bent, rays)[bent > 0]
    ideal = unproject_rays(frame.true_depth, ray_table(CameraModel(k)))
    column, row = (np.rint(k.fx * points[:, 0] / points[:, 2] + k.cx).astype(int),
                   np.rint(k.fy * points[:, 1] / points[:, 2] + k.cy).astype(int))
    assert np.abs(ideal[row, column] - points).max(1).mean() < 1.5e-3
    assert lens.colour(frame.rgb).shape == frame.rgb.shape
    assert Lens(k).exact(bent) is bent


def test_the_noise_is_light_and_leaves_missing_depth_missing() -> None:
    rgb = np.full((48, 64, 3), 100, np.uint8)
    depth = np.full((48, 64), 0.7, np.float32)
    depth[5, 5] = 0
    noisy, measured = LightNoise((64, 48), 0).add(rgb, depth, 7)
    assert 0.5 < noisy.astype(float).std() < 1.0 and abs(noisy.mean() - 100) < 0.1
    assert measured[5, 5] == 0 and (measured[:5] > 0).all()
    assert 2e-5 < (measured[:5] - 0.7).std() < 6e-5
