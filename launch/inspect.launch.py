"""
Starts the inspector, and on request the simulated camera, a recording and RViz.

The nodes run as `PYTHON -m dcmd_ros ...`, so that the interpreter of a virtual environment that
holds torch can be used beside a system-wide ROS 2.
"""

import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import (
    EqualsSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
)
from launch_ros.actions import Node

TOPICS = {
    'rgb_topic': ('rgb/image', 'colour image'),
    'rgb_info_topic': ('rgb/camera_info', "colour camera's CameraInfo"),
    'depth_topic': ('depth/image', 'depth image, registered to colour'),
    'depth_info_topic': ('depth/camera_info', "depth camera's CameraInfo"),
    'points_topic': ('points', 'point cloud, used when geometry_source is points'),
}


def active_python() -> str:
    """The interpreter of the active virtual environment, else the one that runs this file."""
    environment = os.environ.get('VIRTUAL_ENV')
    python = Path(environment, 'bin', 'python') if environment else Path(sys.executable)
    return str(python)


def arguments(share: Path) -> list[DeclareLaunchArgument]:
    topics = [
        DeclareLaunchArgument(name, default_value=topic, description=f'topic of the {text}')
        for name, (topic, text) in TOPICS.items()]
    return topics + [
        DeclareLaunchArgument(
            'model', default_value=str(share / 'models' / 'dcmd_turned_best.pth'),
            description='checkpoint that `dcmd_ros train` made; default: the demo part'),
        DeclareLaunchArgument('device', default_value='auto', description='auto, cpu or cuda:N'),
        DeclareLaunchArgument('namespace', default_value='', description="the nodes' namespace"),
        DeclareLaunchArgument(
            'params_file', default_value=str(share / 'config' / 'inspect.yaml'),
            description='parameters of the inspector; model, device and use_sim_time override it'),
        DeclareLaunchArgument(
            'camera', default_value='none', choices=['none', 'simulated'],
            description='simulated: also start a simulated RGB-D camera'),
        DeclareLaunchArgument(
            'fault', default_value='',
            description='faults of the simulated camera, such as "drop depth 10s-20s"'),
        DeclareLaunchArgument(
            'record', default_value='',
            description="new .mcap file for the cameras' and the inspector's topics; "
            'empty: no recording'),
        DeclareLaunchArgument(
            'rviz', default_value='false', choices=['true', 'false'], description='start RViz'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', choices=['true', 'false'],
            description='take the time from /clock'),
        DeclareLaunchArgument(
            'python', default_value=active_python(),
            description="interpreter with dcmd_ros; default: the active virtual environment's"),
        DeclareLaunchArgument('log_level', default_value='info', description='debug, info, warn'),
    ]


def module(verb: str, *extra: object, **kwargs: object) -> Node:
    """A node of this package, started through the chosen interpreter."""
    return Node(
        executable=LaunchConfiguration('python'), arguments=['-m', 'dcmd_ros', verb, *extra],
        exec_name=verb, namespace=LaunchConfiguration('namespace'), output='screen',
        ros_arguments=['--log-level', LaunchConfiguration('log_level')], **kwargs)


def remappings() -> list[tuple[str, LaunchConfiguration]]:
    return [(topic, LaunchConfiguration(name)) for name, (topic, _) in TOPICS.items()]


def inspector() -> Node:
    overrides = {name: LaunchConfiguration(name) for name in ('model', 'device', 'use_sim_time')}
    return module(
        'inspect', parameters=[LaunchConfiguration('params_file'), overrides],
        remappings=remappings())


def camera() -> Node:
    return module(
        'camera', '--fault', LaunchConfiguration('fault'),
        condition=IfCondition(EqualsSubstitution(LaunchConfiguration('camera'), 'simulated')))


def recorder() -> Node:
    return module(
        'record', LaunchConfiguration('record'), remappings=remappings(),
        parameters=[{'use_sim_time': LaunchConfiguration('use_sim_time')}],
        condition=IfCondition(NotEqualsSubstitution(LaunchConfiguration('record'), '')))


def rviz(share: Path) -> Node:
    return Node(
        package='rviz2', executable='rviz2', namespace=LaunchConfiguration('namespace'),
        arguments=['-d', str(share / 'config' / 'inspect.rviz')], remappings=remappings(),
        condition=IfCondition(LaunchConfiguration('rviz')))


def generate_launch_description() -> LaunchDescription:
    share = Path(get_package_share_directory('dcmd_ros'))
    return LaunchDescription([*arguments(share), inspector(), camera(), recorder(), rviz(share)])
