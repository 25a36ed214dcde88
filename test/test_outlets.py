"""The names a bag's topics are published under, and what the inspector must be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rclpy.context import Context
from rclpy.node import Node

from dcmd_ros.bags.topics import Choice
from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.bag_player import BagOptions
from dcmd_ros.nodes.outlets import inspector_parameters, outlet_names
from dcmd_ros.nodes.rosbag_player import become, command

IMAGE, COMPRESSED, CLOUD, INFO = (f'sensor_msgs/msg/{name}' for name in (
    'Image', 'CompressedImage', 'PointCloud2', 'CameraInfo'))
RAW = Choice('/cam/color', '/cam/depth', '/cam/info', None, None, '/truth/mask')
RAW_TYPES = {'/cam/color': IMAGE, '/cam/depth': IMAGE, '/cam/info': INFO, '/truth/mask': IMAGE}


@pytest.fixture
def node(ros_domain: int) -> Iterator[Node]:
    context = Context()
    context.init(args=['--ros-args', '-r', '__ns:=/cell1', '-r', 'rgb/image:=/colour'],
                 domain_id=ros_domain)
    node = Node('player', context=context)
    yield node
    node.destroy_node()
    context.shutdown()


def test_names_are_the_contracts_in_the_name_space_and_remapped(node: Node) -> None:
    names = outlet_names(node, RAW, RAW_TYPES)
    assert names == {('rgb', IMAGE): '/colour', ('depth', IMAGE): '/cell1/depth/image',
                     ('rgb_info', INFO): '/cell1/rgb/camera_info',
                     ('mask', IMAGE): '/cell1/truth/mask'}
    assert list(names)[:2] == [('rgb', IMAGE), ('depth', IMAGE)]
    assert inspector_parameters(names) == {}


@pytest.mark.parametrize(('depth', 'kind', 'name', 'told'), [
    ('/d/compressedDepth', COMPRESSED, '/cell1/depth/image/compressedDepth',
     {'depth.transport': 'compressedDepth'}),
    ('/d/compressed', COMPRESSED, '/cell1/depth/image/compressed',
     {'depth.transport': 'compressed'}),
    ('/cloud', CLOUD, '/cell1/points', {'geometry_source': 'points'})])
def test_transports_go_behind_the_resolved_name(
        node: Node, depth: str, kind: str, name: str, told: dict[str, str]) -> None:
    choice = Choice('/c/compressed', depth, None, None, None, None)
    names = outlet_names(node, choice, {'/c/compressed': COMPRESSED, depth: kind})
    assert names == {('rgb', COMPRESSED): '/colour/compressed', ('depth', kind): name}
    assert inspector_parameters(names) == {'rgb.transport': 'compressed', **told}


def test_a_sensor_that_a_fault_befalls_goes_out_raw(node: Node) -> None:
    choice = Choice('/jpeg', None, None, None, None, None)
    assert outlet_names(node, choice, {'/jpeg': COMPRESSED}) == {
        ('rgb', COMPRESSED): '/colour/compressed'}
    names = outlet_names(node, choice, {'/jpeg': COMPRESSED}, frozenset({'rgb'}))
    assert names['rgb', IMAGE] == '/colour' and inspector_parameters(names) == {}


def test_ros2_bag_play_gets_the_topics_and_their_names() -> None:
    given = command(Path('line.mcap'), {'/cam/color': '/rgb/image', '/cam/depth': '/depth/image'},
                    BagOptions(rate=2.0, loop=True))
    assert given == [
        'ros2', 'bag', 'play', 'line.mcap', '--clock', '200', '--rate', '2.0', '--loop',
        '--disable-keyboard-controls', '--topics', '/cam/color', '/cam/depth',
        '--remap', '/cam/color:=/rgb/image', '/cam/depth:=/depth/image']
    assert '--loop' not in command(Path('line.mcap'), {}, BagOptions())


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(DcmdError, match='no_such_ros2 cannot be started'):
        become(['no_such_ros2', 'bag'])
