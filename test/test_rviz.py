"""Every display of config/inspect.rviz is fed by a topic that the camera or the inspector has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.context import Context
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2

from dcmd_ros.nodes.inspector_node import NAME
from dcmd_ros.nodes.outputs import TYPES
from dcmd_ros.nodes.qos import mismatch, output_qos
from dcmd_ros.nodes.source import RgbdSource
from dcmd_ros.nodes.source_messages import FRAME_ID

CONFIG = Path(__file__).resolve().parents[1] / 'config' / 'inspect.rviz'
SHOWS = {'rviz_default_plugins/Image': Image, 'rviz_default_plugins/PointCloud2': PointCloud2}
RELIABILITY = {'Reliable': ReliabilityPolicy.RELIABLE,
               'Best Effort': ReliabilityPolicy.BEST_EFFORT}
MANAGER = yaml.safe_load(CONFIG.read_text())['Visualization Manager']
DISPLAYS = {display['Name']: display for display in MANAGER['Displays']}


@pytest.fixture
def published(ros_domain: int) -> dict[str, tuple[type, QoSProfile]]:
    """Type and QoS of what the simulated camera and the inspector publish, by topic."""
    context = Context()
    context.init()
    source = RgbdSource('camera', context)
    found = {publisher.topic_name.lstrip('/'): (publisher.msg_type, publisher.qos_profile)
             for publisher in source.outputs}
    source.destroy_node()
    context.shutdown()
    return {**found, **{f'{NAME}/{name}': (kind, output_qos()) for name, kind in TYPES.items()}}


@pytest.mark.parametrize('name', DISPLAYS)
def test_a_display_is_fed(name: str, published: dict[str, tuple[type, QoSProfile]]) -> None:
    display = DISPLAYS[name]
    topic = display['Topic']
    kind, offered = published[topic['Value']]
    assert display['Enabled'] and SHOWS[display['Class']] is kind
    asked = QoSProfile(depth=topic['Depth'], reliability=RELIABILITY[topic['Reliability Policy']])
    assert mismatch(offered, asked) == ''


def test_all_that_the_design_asks_for_is_shown() -> None:
    assert set(DISPLAYS) == {'Overlay', 'Anomaly map', 'Camera', 'Points'}
    assert MANAGER['Global Options']['Fixed Frame'] == FRAME_ID == 'camera_color_optical_frame'


@pytest.mark.parametrize('name', [
    name for name, display in DISPLAYS.items() if display['Class'].endswith('/Image')])
def test_pictures_are_not_normalised(name: str) -> None:
    display: dict[str, Any] = DISPLAYS[name]
    assert display['Normalize Range'] is False
    assert (display['Min Value'], display['Max Value']) == (0, 1)


def test_points_are_coloured_by_the_anomaly_from_0_to_1() -> None:
    points = DISPLAYS['Points']
    assert (points['Color Transformer'], points['Channel Name']) == ('Intensity', 'intensity')
    assert points['Autocompute Intensity Bounds'] is False
    assert (points['Min Intensity'], points['Max Intensity']) == (0, 1)
