"""Where the point cloud's frame lies in RGB's: from the parameter, else from tf2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.time import Time

from dcmd_ros.sensing.registration import RegistrationError

if TYPE_CHECKING:
    from rclpy.node import Node


class Transforms:
    """Looks transforms up; with tf2_ros installed it listens to /tf and /tf_static."""

    def __init__(self, node: Node) -> None:
        self._buffer: Any = None
        try:
            from tf2_ros import Buffer, TransformListener
        except Exception:  # beside ROS an install may be half there: more than ImportError
            return
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, node)

    def find(self, target: str, source: str, given: Sequence[float]) -> NDArray[np.float64]:
        """
        The 4x4 matrix that takes points of frame `source` to frame `target`.

        :param given: x y z qx qy qz qw of parameter points_to_rgb; all zero = none given
        :raises RegistrationError: where neither the parameter nor tf2 knows it
        """
        if any(given):
            return matrix(given)
        if self._buffer is not None and self._buffer.can_transform(target, source, Time()):
            transform = self._buffer.lookup_transform(target, source, Time()).transform
            t, q = transform.translation, transform.rotation
            return matrix((t.x, t.y, t.z, q.x, q.y, q.z, q.w))
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
