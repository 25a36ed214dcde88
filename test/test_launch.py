"""The launch files say what they start; run where the launch library is importable."""

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

pytest.importorskip('launch.actions', reason='the launch library is not on PyPI')
pytest.importorskip('launch_ros', reason='launch_ros is not on PyPI')

from launch import LaunchContext  # noqa: E402
from launch.utilities import perform_substitutions  # noqa: E402
from launch_ros.actions import Node  # noqa: E402

LAUNCH_FILES = Path(__file__).resolve().parents[1] / 'launch'


def load_here(name: str) -> ModuleType:
    path = LAUNCH_FILES / f'{name}.launch.py'
    spec = importlib.util.spec_from_file_location(f'{name}_launch', path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(name: str, monkeypatch: pytest.MonkeyPatch, share: Path) -> ModuleType:
    module = load_here(name)
    monkeypatch.setattr(module, 'get_package_share_directory', lambda package: str(share))
    return module


@pytest.fixture
def inspect_launch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    return load('inspect', monkeypatch, tmp_path)


@pytest.fixture
def replay_launch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    return load('replay', monkeypatch, tmp_path)


def test_every_argument_is_described(inspect_launch: ModuleType) -> None:
    arguments = inspect_launch.generate_launch_description().get_launch_arguments()
    assert {'rgb_topic', 'depth_topic', 'model', 'device', 'engine', 'namespace', 'rviz', 'camera',
            'python', 'record', 'camera_name', 'autostart_node',
            'use_sim_time'} <= {argument.name for argument in arguments}
    assert all(argument.description for argument in arguments)


def test_the_active_virtual_environment_is_the_default(
        inspect_launch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('VIRTUAL_ENV', '/opt/cell')
    assert sys.modules['dcmd_nodes'].active_python() == '/opt/cell/bin/python'


Commands = dict[str, list[str]]


def commands(module: ModuleType, nodes: Callable[[LaunchContext], Iterable[object]],
             **given: str) -> Commands:
    """By verb what our nodes are started with; by package, with nothing, the others."""
    context = LaunchContext()
    for argument in module.generate_launch_description().get_launch_arguments():
        default = argument.default_value or ()
        context.launch_configurations[argument.name] = perform_substitutions(context, default)
    context.launch_configurations.update(given)
    started: Commands = {}
    for node in nodes(context):
        if isinstance(node, Node) and node.node_package:
            started[node.node_package] = []
        elif isinstance(node, Node):
            told = [perform_substitutions(context, part) for part in node.cmd]
            started[told[3]] = told[4:]
    return started


def inspected(inspect_launch: ModuleType, **given: str) -> Commands:
    share = Path('/share')
    return commands(inspect_launch, lambda context: inspect_launch.nodes(context, share), **given)


def own(command: list[str]) -> list[str]:
    """What stands before --ros-args."""
    return command[:command.index('--ros-args')]


@pytest.mark.parametrize(('asked', 'verbs'), [
    ({}, ['inspect']),
    ({'camera': 'simulated'}, ['inspect', 'camera']),
    ({'camera': 'realsense'}, ['inspect']),
    ({'record': 'out.mcap'}, ['inspect', 'record']),
    ({'rviz': 'true'}, ['inspect', 'rviz2']),
])
def test_the_inspector_starts_always_and_the_rest_on_request(
        inspect_launch: ModuleType, asked: dict[str, str], verbs: list[str]) -> None:
    assert list(inspected(inspect_launch, **asked)) == verbs


def test_every_driver_with_a_file_can_be_chosen() -> None:
    share = LAUNCH_FILES.parent
    [camera] = [argument for argument in load_here('inspect').arguments(share)
                if argument.name == 'camera']
    assert camera.choices == ['none', 'simulated', 'femto', 'orbbec', 'realsense', 'zed', 'zivid']


def test_inspector_and_recorder_are_told_the_camera(inspect_launch: ModuleType) -> None:
    told = inspected(inspect_launch, camera='zed', camera_name='left', record='out.mcap')
    assert own(told['inspect']) == ['--camera', 'zed', '--camera-name', 'left']
    assert own(told['record']) == ['out.mcap', '--camera', 'zed', '--camera-name', 'left']
    assert own(inspected(inspect_launch, camera='zivid')['inspect']) == ['--camera', 'zivid']
    assert own(inspected(inspect_launch, camera='simulated')['inspect']) == []


def test_only_topics_that_are_given_are_remapped(inspect_launch: ModuleType) -> None:
    assert inspect_launch.remappings(dict.fromkeys(inspect_launch.TOPICS, '')) == []
    given = dict.fromkeys(inspect_launch.TOPICS, '') | {'rgb_topic': '/cam/image'}
    assert inspect_launch.remappings(given) == [('rgb/image', '/cam/image')]


@pytest.mark.parametrize(('asked', 'overrides'), [
    ('', {}), ('false', {'autostart_node': False}), ('true', {'autostart_node': True})])
def test_autostart_is_left_to_the_params_file_unless_given(
        inspect_launch: ModuleType, monkeypatch: pytest.MonkeyPatch, asked: str,
        overrides: dict[str, bool]) -> None:
    seen: list[dict[str, object]] = []
    monkeypatch.setattr(sys.modules['dcmd_nodes'], 'dcmd_node',
                        lambda *_, parameters, **__: seen.extend(parameters[1:]))
    inspected(inspect_launch, autostart_node=asked)
    assert seen[0].items() >= overrides.items()
    assert ('autostart_node' in seen[0]) == bool(asked)


@pytest.mark.parametrize('asked', ['', 'torch'])
def test_the_engine_is_left_to_the_params_file_unless_given(
        inspect_launch: ModuleType, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    seen: list[dict[str, object]] = []
    monkeypatch.setattr(sys.modules['dcmd_nodes'], 'dcmd_node',
                        lambda *_, parameters, **__: seen.extend(parameters[1:]))
    inspected(inspect_launch, engine=asked)
    assert seen[0].get('engine', '') == asked


def test_the_recipe_for_two_cameras_gives_arguments_that_there_are(
        inspect_launch: ModuleType) -> None:
    text = (LAUNCH_FILES.parent / 'docs' / 'cameras.md').read_text()
    [recipe] = re.findall(r'```xml\n(.*?)```', text, re.DOTALL)
    first, second = [{arg.get('name'): arg.get('value') for arg in include.iter('arg')}
                     for include in ElementTree.fromstring(recipe).iter('include')]
    arguments = inspect_launch.generate_launch_description().get_launch_arguments()
    assert first.keys() == second.keys() <= {argument.name for argument in arguments}
    assert first['namespace'] != second['namespace']


def test_the_demo_is_the_inspector_on_the_simulated_camera(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr('ament_index_python.packages.get_package_share_directory',
                        lambda package: str(tmp_path))
    [include] = load_here('demo').generate_launch_description().entities
    assert include.launch_arguments == (('camera', 'simulated'),)
    include.launch_description_source.get_launch_description(LaunchContext())
    assert include.launch_description_source.location == str(LAUNCH_FILES / 'inspect.launch.py')


def test_every_argument_of_replay_is_described(replay_launch: ModuleType) -> None:
    arguments = replay_launch.generate_launch_description().get_launch_arguments()
    assert {'bag', 'model', 'labels', 'out', 'rate', 'loop', 'rgb', 'depth', 'fault', 'namespace',
            'device', 'python'} <= {argument.name for argument in arguments}
    assert all(argument.description for argument in arguments)
    assert [argument.name for argument in arguments if argument.default_value is None] == ['bag']


def replayed(replay_launch: ModuleType, **given: str) -> Commands:
    """What each verb of the replay is started with, before --ros-args."""
    told = commands(replay_launch, replay_launch.nodes, bag='/bags/line.mcap', **given)
    return {verb: own(command) for verb, command in told.items()}


def test_replay_starts_player_inspector_and_observer(replay_launch: ModuleType) -> None:
    told = replayed(replay_launch, labels='/bags/labels.csv', rgb='/cam/image', loop='true',
                    player='dcmd_ros')
    assert told['inspect'] == []
    assert told['observe'] == ['--out', 'replay', '--name', 'line.mcap',
                               '--labels', '/bags/labels.csv']
    assert told['play'] == [
        '/bags/line.mcap', '--clock', '--rate', '1.0', '--wait-for', 'dcmd_observer',
        '--rgb', '/cam/image', '--loop']


def test_ros2_bag_plays_where_it_is_installed_and_no_fault_is_asked_for(
        replay_launch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_launch.importlib.util, 'find_spec', lambda name: object())
    assert '--ros2-bag' in replayed(replay_launch)['play']
    assert '--ros2-bag' not in replayed(replay_launch, fault='drop rgb')['play']
    assert '--ros2-bag' not in replayed(replay_launch, player='dcmd_ros')['play']
    monkeypatch.setattr(replay_launch.importlib.util, 'find_spec', lambda name: None)
    assert '--ros2-bag' not in replayed(replay_launch)['play']
    assert '--ros2-bag' in replayed(replay_launch, player='ros2bag')['play']
