"""Where the point cloud's frame lies in RGB's: from the parameter, else from tf2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.time import Time

from dcmd_ros.framing.transforms import GivenTransforms, matrix

if TYPE_CHECKING:
    from rclpy.node import Node


class Transforms(GivenTransforms):
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
        """As given, else from tf2."""
        known = self._buffer is not None and not any(given)
        if known and self._buffer.can_transform(target, source, Time()):
            transform = self._buffer.lookup_transform(target, source, Time()).transform
            t, q = transform.translation, transform.rotation
            return matrix((t.x, t.y, t.z, q.x, q.y, q.z, q.w))
        return super().find(target, source, given)
