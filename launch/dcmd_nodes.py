"""
What the launch files share: the arguments of every run, and how a node of ours is started.

It lies beside them because `ros2 launch` may run in a Python that has no dcmd_ros: the nodes run
as `PYTHON -m dcmd_ros ...`, so that the interpreter of a virtual environment that holds torch can
be used beside a system-wide ROS 2.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from launch.actions import DeclareLaunchArgument
from launch_ros.actions import Node


def active_python() -> str:
    """The interpreter of the active virtual environment, else the one that runs this file."""
    environment = os.environ.get('VIRTUAL_ENV')
    python = Path(environment, 'bin', 'python') if environment else Path(sys.executable)
    return str(python)


def common_arguments(share: Path) -> list[DeclareLaunchArgument]:
    """:param share: the package's share directory"""
    return [
        DeclareLaunchArgument(
            'model', default_value=str(share / 'models' / 'dcmd_turned_best.pth'),
            description='checkpoint that `dcmd_ros train` made; default: the demo part'),
        DeclareLaunchArgument('device', default_value='auto', description='auto, cpu or cuda:N'),
        DeclareLaunchArgument(
            'engine', default_value='', description='what runs the network: auto, torch, '
            'openvino, onnxruntime; default: what the params_file says'),
        DeclareLaunchArgument('namespace', default_value='', description="the nodes' namespace"),
        DeclareLaunchArgument(
            'params_file', default_value=str(share / 'config' / 'inspect.yaml'),
            description='parameters of the inspector; those that are arguments here override it'),
        DeclareLaunchArgument(
            'python', default_value=active_python(),
            description="interpreter with dcmd_ros; default: the active virtual environment's"),
        DeclareLaunchArgument('log_level', default_value='info', description='debug, info, warn'),
    ]


def dcmd_node(given: Mapping[str, str], verb: str, *extra: str, **kwargs: object) -> Node:
    """A node of this package as the launch arguments say; kwargs are those of Node."""
    return Node(
        executable=given['python'], arguments=['-m', 'dcmd_ros', verb, *extra],
        exec_name=verb, namespace=given['namespace'], output='screen',
        ros_arguments=['--log-level', given['log_level']], **kwargs)


def inspector(given: Mapping[str, str], *extra: str, use_sim_time: bool,
              autostart_node: str = '', **kwargs: object) -> Node:
    """:param autostart_node: true, false or, for what the params_file says, empty"""
    overrides: dict[str, object] = {
        'model': given['model'], 'device': given['device'], 'use_sim_time': use_sim_time}
    if given['engine']:
        overrides['engine'] = given['engine']
    if autostart_node:
        overrides['autostart_node'] = autostart_node == 'true'
    return dcmd_node(given, 'inspect', *extra, parameters=[given['params_file'], overrides],
                     **kwargs)
