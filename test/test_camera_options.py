"""config/cameras and `--camera`: what each file says, and who prevails."""

import argparse
import re
from pathlib import Path

import pytest
import rclpy
import yaml
from rclpy.node import Node
from rclpy.parameter import Parameter

from dcmd_ros.bags.reader import Topic
from dcmd_ros.bags.topics import CLOUD, IMAGE, INFO, choose
from dcmd_ros.commands.camera_options import (
    add_camera_arguments,
    driver,
    drivers,
    ros_arguments,
)
from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.parameters import TABLE, validate
from dcmd_ros.share import share_directory

CONFIG = share_directory() / 'config'
DRIVERS = ['femto', 'orbbec', 'realsense', 'zed', 'zivid']
INPUTS = {'rgb/image', 'rgb/camera_info', 'depth/image', 'depth/camera_info', 'points'}


def told(*given: str, ros_args: tuple[str, ...] = ()) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_camera_arguments(parser)
    return argparse.Namespace(ros_args=list(ros_args), **vars(parser.parse_args(given)))


def test_there_is_a_file_for_each_driver() -> None:
    assert drivers() == DRIVERS


@pytest.mark.parametrize('name', DRIVERS)
def test_a_file_says_what_the_inspector_can_take(name: str) -> None:
    said = driver(name)
    assert said.topics.keys() <= INPUTS
    geometry = 'points' if said.parameters['geometry_source'] == 'points' else 'depth/image'
    assert {'rgb/image', 'rgb/camera_info', geometry} <= said.topics.keys()
    assert all(re.fullmatch(r'(/\w+)+', topic) for topic in said.topics.values())
    assert said.parameters.keys() <= {setting.name for setting in TABLE}
    given = [Parameter(key, value=value) for key, value in said.parameters.items()]
    assert validate(given, 'unconfigured').reason == ''


@pytest.mark.parametrize('name', DRIVERS)
def test_a_file_names_its_source_and_how_the_driver_is_started(name: str) -> None:
    text = (CONFIG / 'cameras' / f'{name}.yaml').read_text()
    assert re.search(r'^# Source: [\w-]+/[\w-]+ [\d.]+.*(README)', text, re.MULTILINE)
    assert re.search(r'^#   ros2 (launch|run) \w+ \w+', text, re.MULTILINE)


@pytest.mark.parametrize('name', DRIVERS)
def test_training_finds_the_topics_that_were_recorded(name: str) -> None:
    topics = driver(name).topics
    choice = choose([Topic(topic, INFO if ours.endswith('info') else
                           CLOUD if ours == 'points' else IMAGE, 50)
                     for ours, topic in topics.items()])
    assert (choice.rgb, choice.rgb_info) == (topics['rgb/image'], topics['rgb/camera_info'])
    assert choice.depth == topics.get('points', topics.get('depth/image'))


def test_the_camera_name_goes_into_the_topics() -> None:
    assert driver('zed', 'left').topics['rgb/image'] == '/left/zed_node/rgb/color/rect/image'
    assert driver('zivid').topics['points'] == '/points/xyz'
    assert driver('zivid', '/cell/left').topics['points'] == '/cell/left/points/xyz'


@pytest.mark.parametrize('name', ['my camera', '2nd', 'a//b', 'a:b'])
def test_a_name_that_no_topic_can_hold_is_refused(name: str) -> None:
    with pytest.raises(DcmdError, match=f"--camera-name '{name}' cannot be part of a topic"):
        ros_arguments(told('--camera', 'zed', '--camera-name', name))


def test_a_name_without_a_camera_is_refused() -> None:
    with pytest.raises(DcmdError, match='--camera-name says nothing without --camera'):
        ros_arguments(told('--camera-name', 'left'))


def test_without_a_camera_nothing_changes() -> None:
    assert ros_arguments(told(ros_args=('--ros-args', '-p', 'slop:=0.1'))) == [
        '--ros-args', '-p', 'slop:=0.1']


@pytest.mark.usefixtures('ros_domain')
@pytest.mark.parametrize(('given', 'points', 'acquisition'), [
    ((), '/points/xyz', 'triggered'),
    (('-r', 'points:=/mine'), '/mine', 'triggered'),
    (('-p', 'acquisition:=stream'), '/points/xyz', 'stream'),
    (('--params-file', str(CONFIG / 'inspect.yaml')), '/points/xyz', 'triggered'),
    (('--params-file', '{}'), '/points/xyz', 'stream'),
    (('--params-file', '{}', '-r', 'points:=/mine', '--', 'ours'), '/mine', 'stream'),
])
def test_what_the_user_gives_prevails(
        given: tuple[str, ...], points: str, acquisition: str, tmp_path: Path) -> None:
    mine = tmp_path / 'mine.yaml'
    mine.write_text('dcmd_inspector: {ros__parameters: {acquisition: stream}}')
    ros_args = ('--ros-args', *(part.format(mine) for part in given)) if given else ()
    context = rclpy.Context()
    context.init(args=ros_arguments(told('--camera', 'zivid', ros_args=ros_args)))
    node = Node('dcmd_inspector', context=context)
    try:
        assert node.resolve_topic_name('points') == points
        assert node.resolve_topic_name('rgb/image') == '/color/image_color'
        assert node.declare_parameter('acquisition', 'stream').value == acquisition
        assert node.declare_parameter('deadline', 0.0).value == 4.0
    finally:
        node.destroy_node()
        context.shutdown()


def test_inspect_yaml_holds_every_parameter_with_its_default() -> None:
    text = re.sub(r'^    #(\w)', r'    \1', (CONFIG / 'inspect.yaml').read_text(), flags=re.M)
    said = yaml.safe_load(text)['/**']['ros__parameters']
    assert said == {s.name: s.default for s in TABLE if s.name != 'model'}


def test_inspect_yaml_leaves_to_the_camera_what_a_camera_sets() -> None:
    said = yaml.safe_load((CONFIG / 'inspect.yaml').read_text())['/**']['ros__parameters']
    for name in DRIVERS:
        assert not said.keys() & driver(name).parameters.keys()
