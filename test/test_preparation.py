"""What the network looks at, piece by piece."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.frame import Intrinsics
from dcmd_ros.network.preparation import Box, View, crop, placed
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
