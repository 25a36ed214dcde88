"""The launch file says what it starts; run where the launch library is importable."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip('launch.actions', reason='the launch library is not on PyPI')
pytest.importorskip('launch_ros', reason='launch_ros is not on PyPI')

LAUNCH_FILES = Path(__file__).resolve().parents[1] / 'launch'


@pytest.fixture
def inspect_launch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    path = LAUNCH_FILES / 'inspect.launch.py'
    spec = importlib.util.spec_from_file_location('inspect_launch', path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, 'get_package_share_directory', lambda package: str(tmp_path))
    return module


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
