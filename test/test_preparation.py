"""What the network looks at, piece by piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from detector_rig import CAMERA as RIG
from detector_rig import SIZE, frame_of

from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.network.detector import statistics
from dcmd_ros.network.preparation import Preparation, Roi, View
from dcmd_ros.network.quality import confidence, usual_ranges
from dcmd_ros.network.resizing import Box, crop, placed
from dcmd_ros.sensing.foreground import learn_scene
from dcmd_ros.sensing.geometry import measured, normals

CAMERA = Intrinsics(80, 60, 70.0, 72.0, 38.0, 31.0)


@pytest.mark.parametrize('box', [(10, 5, 50), (10, -4, 66), (-7, 3, 40), (45, 30, 44)])
def test_the_boxs_own_camera_sees_the_normals_that_the_whole_one_does(box: Box) -> None:
    view = View(CAMERA, box, 64, 1.5, 128.0, (0.0, 0.0, 0.0))
    rows, columns = np.mgrid[:60, :80]
    depth = (0.6 + 0.002 * columns + 0.03 * np.sin(rows / 5)).astype(np.float32)
    part = np.zeros((box[2], box[2]), bool)
    part[6:-6, 9:-5] = True
    whole = normals(depth, CAMERA, view.sigma, placed(part, box, depth.shape))
    near = normals(crop(depth, box), view.camera, view.sigma, part)
    assert measured(near).sum() > 500
    np.testing.assert_allclose(near, crop(whole, box), atol=1e-6)


@pytest.fixture(scope='module')
def preparations() -> list[Preparation]:
    """Colour finds what is bright; the second one begins with no picture and no shape."""
    depths = [depth for seed in range(12) if (depth := frame_of(seed).depth) is not None]
    view = View(RIG, (6, 6, SIZE - 12), 64, 1.5, 128.0, (70.0, 66.0, 60.0))
    scene = learn_scene(depths)
    one, other = (Preparation(view, scene, lambda rgb: rgb.min(axis=-1) > 100,
                              gated=True) for _ in range(2))
    shape, picture = other._shape, other._picture
    other._shape = lambda frame, plane, _: lambda mask: shape(frame, plane, mask)(mask)
    other._picture = lambda small, _: lambda mask: picture(small, mask)(mask)
    return [one, other]


@pytest.mark.parametrize(('frame', 'roi', 'presence'), [
    (frame_of(5), None, 'whole'), (frame_of(5), (40, 0, 50, SIZE), 'cut'),
    (frame_of(942, place=(-3, 0), neighbour=58), None, 'whole'),
    (replace(frame_of(942, place=(-3, 0), neighbour=58), rgb=None), None, 'whole'),
    (replace(frame_of(5), depth=None), None, 'whole'), (frame_of(5, empty=True), None, 'absent')])
def test_picture_and_shape_are_those_of_the_mask_that_is_left(
        preparations: list[Preparation], frame: Frame, roi: Roi | None, presence: str) -> None:
    one, other = (preparation(frame, roi) for preparation in preparations)
    assert one.presence == presence
    for name, value in vars(one).items():
        np.testing.assert_equal(getattr(other, name), value, err_msg=name)


def test_a_picture_is_trusted_by_what_is_usual(preparations: list[Preparation]) -> None:
    one, prepare = preparations[0], Preparation(
        preparations[0].view, preparations[0].scene, preparations[0].outliner)
    frame = frame_of(5)
    assert frame.rgb is not None
    dark = replace(frame, rgb=(frame.rgb * 0.75).astype(np.uint8))
    prepare.usual = {m: usual_ranges([one(frame_of(seed)).quality[m] for seed in range(5, 9)])
                     for m in ('rgb', 'depth')}
    assert prepare(frame).trust == {'rgb': 1.0, 'depth': 1.0} and not one(dark).trust
    trust = prepare(dark).trust
    assert trust['rgb'] == confidence(prepare(dark).quality['rgb'], prepare.usual['rgb']) < 0.95
    assert prepare(replace(dark, depth=None)).trust.keys() == {'rgb'}
    np.testing.assert_allclose(statistics([prepare(dark)], 'both'),
                               [[trust['rgb'], trust['depth']]], rtol=1e-6)
    np.testing.assert_array_equal(statistics([one(dark)], 'rgb_only'), [[1.0]])
