"""Whether whoever plays a stream is still there."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.node import Node

CAMERA = ('rgb/image', 'rgb/camera_info', 'depth/image', 'depth/camera_info', 'points',
          'truth/label', 'truth/mask')
TRANSPORTS = {'rgb/image': ('/compressed',), 'depth/image': ('/compressed', '/compressedDepth')}
CLOCK = ('/clock',)


class Presence:
    """Looks at the publishers of the camera's topics, of the truth and of `/clock`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        names = {topic: node.resolve_topic_name(topic) for topic in CAMERA}
        camera = [name + end for topic, name in names.items()
                  for end in ('', *TRANSPORTS.get(topic, ()))]
        self._seen = {tuple(camera): False, CLOCK: False}

    def gone(self) -> bool:
        """Whether all publishers of the camera and the truth, or of the clock, have gone."""
        gone = False
        for topics, seen in self._seen.items():
            there = self._published(topics)
            gone = gone or seen and not there
            self._seen[topics] = seen or there
        return gone

    def _published(self, topics: Sequence[str]) -> bool:
        return any(self._node.count_publishers(topic) for topic in topics)
