"""Which of the published topics a recording takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dcmd_ros.nodes.inspector_node import NAME

if TYPE_CHECKING:
    from rclpy.node import Node

Transport = Literal['auto', 'raw', 'compressed', 'all']
TRANSPORTS: tuple[Transport, ...] = ('auto', 'raw', 'compressed', 'all')
IMAGES = {'rgb/image': ('compressed',), 'depth/image': ('compressedDepth', 'compressed')}
INPUTS = ('rgb/camera_info', 'depth/camera_info', 'points', 'truth/label', 'truth/mask')
GLOBAL_INPUTS, GLOBAL_OUTPUTS = ('/tf_static',), ('/diagnostics',)
LARGE = 'points'  # of the outputs: several times the size of the inputs
PICTURES = {f'sensor_msgs/msg/{kind}' for kind in ('Image', 'CompressedImage', 'PointCloud2')}


@dataclass(frozen=True)
class TopicOptions:
    """
    inputs_only  without the inspector's outputs and /diagnostics
    others       topics to record besides, whatever they are
    pictures     False: no images and no clouds, only figures and calibrations
    points       the inspector's coloured cloud too
    transport    which of an image's topics: auto is raw, and compressed where no raw one is
    inspector    name of the inspector node
    """

    inputs_only: bool = False
    others: tuple[str, ...] = ()
    pictures: bool = True
    points: bool = False
    transport: Transport = 'auto'
    inspector: str = NAME


class TopicSelection:
    """
    Names by a node's own namespace and remappings.

    images  the raw image topics that an inspector here would listen to
    """

    def __init__(self, node: Node, options: TopicOptions) -> None:
        resolve = node.resolve_topic_name
        self._options = options
        self._variants = {resolve(name): [f'{resolve(name)}/{suffix}' for suffix in suffixes]
                          for name, suffixes in IMAGES.items()}
        self._others = {resolve(name) for name in options.others}
        self._inputs = {*map(resolve, INPUTS), *GLOBAL_INPUTS}
        self._outputs = f'{resolve(options.inspector)}/'
        self._without_raw: set[str] = set()
        self.images = list(self._variants)

    def __call__(self, published: dict[str, str]) -> list[str]:
        """
        The topics to record.

        :param published: type by topic, of all that have a publisher now
        """
        wanted = self._images(published) | {name for name in published if self._fits(name)}
        if not self._options.pictures:
            wanted = {name for name in wanted if published[name] not in PICTURES}
        return sorted(wanted | self._others & published.keys())

    def _fits(self, name: str) -> bool:
        if name in self._inputs:
            return True
        if self._options.inputs_only:
            return False
        output = name.startswith(self._outputs) and (
            self._options.points or name != self._outputs + LARGE)
        return output or name in GLOBAL_OUTPUTS

    def _images(self, published: dict[str, str]) -> set[str]:
        raw = self._variants.keys() & published.keys()
        variants = {name for names in self._variants.values()
                    for name in names if name in published}
        if self._options.transport == 'auto':
            return raw | self._alone(raw, variants)
        return {'raw': raw, 'compressed': variants, 'all': raw | variants}[
            self._options.transport]

    def _alone(self, raw: set[str], variants: set[str]) -> set[str]:
        """Those without a raw topic twice running: a driver's topics are not all seen at once."""
        now = {name for name in variants if name.rpartition('/')[0] not in raw}
        alone, self._without_raw = now & self._without_raw, now
        return alone
