"""The topics that a bag's cameras are published on: the contract's names, not the bag's."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.node import Node

from dcmd_ros.bags.topics import Choice
from dcmd_ros.nodes.bag_messages import CLOUD, IMAGE, Role, role_by_topic

TOPICS: Mapping[Role, str] = {
    'rgb': 'rgb/image', 'depth': 'depth/image', 'rgb_info': 'rgb/camera_info',
    'depth_info': 'depth/camera_info', 'label': 'truth/label', 'mask': 'truth/mask'}
CAMERAS: tuple[Role, ...] = ('rgb', 'depth')
Outlet = tuple[Role, str]  # what a message is, and its type


def outlet_names(node: Node, choice: Choice, types: Mapping[str, str],
                 spoilt: frozenset[str] = frozenset()) -> dict[Outlet, str]:
    """
    The resolved names, those of the cameras first.

    :param types: of the bag's topics
    :param spoilt: sensors that a fault may make raw
    """
    found: dict[Outlet, str] = {}
    for topic, role in role_by_topic(choice).items():
        base = node.resolve_topic_name('points' if types[topic] == CLOUD else TOPICS[role])
        found[role, types[topic]] = base + transport(role, topic, types[topic])
        if role in spoilt:
            found[role, IMAGE] = base
    return dict(sorted(found.items(), key=lambda item: item[0][0] not in CAMERAS))


def transport(role: Role, topic: str, kind: str) -> str:
    """What a compressed picture's topic has after its base."""
    if role not in CAMERAS or kind in (IMAGE, CLOUD):
        return ''
    plain = role == 'rgb' or topic.endswith('/compressed')
    return '/compressed' if plain else '/compressedDepth'


def inspector_parameters(names: Mapping[Outlet, str]) -> dict[str, str]:
    """What the inspector must be told to hear these topics, beyond its defaults."""
    found: dict[str, str] = {}
    for (role, kind), name in names.items():
        if role in CAMERAS and kind == CLOUD:
            found['geometry_source'] = 'points'
        elif role in CAMERAS and kind != IMAGE and (role, IMAGE) not in names:
            found[f'{role}.transport'] = name.rpartition('/')[2]
    return found
