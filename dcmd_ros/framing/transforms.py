"""Where the point cloud's frame lies in RGB's, as the user gives it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.sensing.registration import RegistrationError


class GivenTransforms:
    """Knows the transform that it is given, and no other."""

    def find(self, target: str, source: str, given: Sequence[float]) -> NDArray[np.float64]:
        """
        The 4x4 matrix that takes points of frame `source` to frame `target`.

        :param given: x y z qx qy qz qw of parameter points_to_rgb; all zero = none given
        :raises RegistrationError: where none is given
        """
        if any(given):
            return matrix(given)
        raise RegistrationError(
            f'points are in frame {source!r}, colour in {target!r}, and the transform between '
            f'them is not known: set parameter points_to_rgb to x y z qx qy qz qw', cause='frames')


def matrix(pose: Sequence[float]) -> NDArray[np.float64]:
    """(4, 4) of a translation and a unit quaternion x y z qx qy qz qw (REP 103 order)."""
    q = np.asarray(pose[3:], float)
    x, y, z, w = q / np.linalg.norm(q)
    result = np.eye(4)
    result[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    result[:3, 3] = pose[:3]
    return result
