"""The launch files say what they start; run where the launch library is importable."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip('launch.actions', reason='the launch library is not on PyPI')
pytest.importorskip('launch_ros', reason='launch_ros is not on PyPI')

LAUNCH_FILES = Path(__file__).resolve().parents[1] / 'launch'


def load(name: str, monkeypatch: pytest.MonkeyPatch, share: Path) -> ModuleType:
    path = LAUNCH_FILES / f'{name}.launch.py'
    spec = importlib.util.spec_from_file_location(f'{name}_launch', path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
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
    assert {'rgb_topic', 'depth_topic', 'model', 'device', 'namespace', 'rviz', 'camera',
            'python', 'record'} <= {argument.name for argument in arguments}
    assert all(argument.description for argument in arguments)


def test_the_active_virtual_environment_is_the_default(
        inspect_launch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('VIRTUAL_ENV', '/opt/cell')
    assert inspect_launch.active_python() == '/opt/cell/bin/python'


@pytest.mark.parametrize(('asked', 'verbs'), [
    ({}, ['inspect']),
    ({'camera': 'simulated'}, ['inspect', 'camera']),
    ({'record': 'out.mcap'}, ['inspect', 'record']),
])
def test_the_inspector_starts_always_and_the_rest_on_request(
        inspect_launch: ModuleType, asked: dict[str, str], verbs: list[str]) -> None:
    from launch import LaunchContext
    from launch_ros.actions import Node
    context = LaunchContext()
    context.launch_configurations.update({'camera': 'none', 'rviz': 'false', 'record': '',
                                          'python': 'python', 'log_level': 'info'})
    context.launch_configurations.update(asked)
    nodes = [entity for entity in inspect_launch.generate_launch_description().entities
             if isinstance(entity, Node)]
    assert len(nodes) == 4
    started = [node for node in nodes
               if node.condition is None or node.condition.evaluate(context)]
    assert [word for node in started for word in verb_of(node, context)] == verbs


def verb_of(node: object, context: object) -> list[str]:
    """What follows `-m dcmd_ros` on its command line."""
    return [''.join(part.perform(context) for part in word) for word in node.cmd[3:4]]


def test_every_argument_of_replay_is_described(replay_launch: ModuleType) -> None:
    arguments = replay_launch.generate_launch_description().get_launch_arguments()
    assert {'bag', 'model', 'labels', 'out', 'rate', 'loop', 'rgb', 'depth', 'fault', 'namespace',
            'device', 'python'} <= {argument.name for argument in arguments}
    assert all(argument.description for argument in arguments)
    assert [argument.name for argument in arguments if argument.default_value is None] == ['bag']


def replayed(replay_launch: ModuleType, **given: str) -> dict[str, list[str]]:
    """What each verb of the replay is started with."""
    from launch import LaunchContext
    from launch.utilities import perform_substitutions
    from launch_ros.actions import Node
    context = LaunchContext()
    for argument in replay_launch.generate_launch_description().get_launch_arguments():
        default = argument.default_value or ()
        context.launch_configurations[argument.name] = perform_substitutions(context, default)
    context.launch_configurations.update(bag='/bags/line.mcap', **given)
    nodes = [node for node in replay_launch.nodes(context) if isinstance(node, Node)]
    told = [[perform_substitutions(context, part) for part in node.cmd] for node in nodes]
    return {command[3]: command[4:command.index('--ros-args')] for command in told}


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
