"""
Plays a bag through DDS with /clock, has it inspected, and writes a report about what came out.

Ends when the bag does. The nodes run as `PYTHON -m dcmd_ros ...`, as in inspect.launch.py; the
bag is played by `ros2 bag play` where that is installed and no fault is asked for.
"""

import importlib.util
import os
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

OPTIONS = {'rgb': '--rgb', 'depth': '--depth', 'fault': '--fault', 'distro': '--distro'}
PATIENCE = '30'  # s that a node has to end at Ctrl-C: the report is being written


def active_python() -> str:
    """The interpreter of the active virtual environment, else the one that runs this file."""
    environment = os.environ.get('VIRTUAL_ENV')
    python = Path(environment, 'bin', 'python') if environment else Path(sys.executable)
    return str(python)


def arguments(share: Path) -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument('bag', description='a rosbag2 folder, .mcap or .db3'),
        DeclareLaunchArgument(
            'model', default_value=str(share / 'models' / 'dcmd_turned_best.pth'),
            description='checkpoint that `dcmd_ros train` made; default: the demo part'),
        DeclareLaunchArgument(
            'labels', default_value='',
            description='CSV or JSON: which frames are good; default: truth/label of the bag'),
        DeclareLaunchArgument(
            'out', default_value='replay', description='folder of index.html and run.json'),
        DeclareLaunchArgument(
            'rate', default_value='1.0', description='recorded seconds a second'),
        DeclareLaunchArgument(
            'loop', default_value='false', choices=['true', 'false'],
            description='begin the bag again at its end, until Ctrl-C'),
        DeclareLaunchArgument(
            'rgb', default_value='',
            description='topic of the colour image; default: guessed where only one can be meant'),
        DeclareLaunchArgument(
            'depth', default_value='', description='topic of the depth; default: likewise'),
        DeclareLaunchArgument(
            'distro', default_value='', description='ROS distribution whose message types the bag '
            'has, where it does not say itself'),
        DeclareLaunchArgument(
            'fault', default_value='',
            description='what is to befall the cameras, such as "drop depth 10s-20s"'),
        DeclareLaunchArgument(
            'player', default_value='auto', choices=['auto', 'ros2bag', 'dcmd_ros'],
            description='what plays the bag; auto: ros2bag where it is installed'),
        DeclareLaunchArgument('device', default_value='auto', description='auto, cpu or cuda:N'),
        DeclareLaunchArgument('namespace', default_value='', description="the nodes' namespace"),
        DeclareLaunchArgument(
            'params_file', default_value=str(share / 'config' / 'inspect.yaml'),
            description='parameters of the inspector; model, device and use_sim_time override it'),
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
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        sigterm_timeout=PATIENCE, sigkill_timeout=PATIENCE, **kwargs)


def inspector() -> Node:
    overrides = {name: LaunchConfiguration(name) for name in ('model', 'device')}
    return module('inspect', parameters=[
        LaunchConfiguration('params_file'), {**overrides, 'use_sim_time': True}])


def observer(context: LaunchContext) -> Node:
    given = context.launch_configurations
    labels = ['--labels', given['labels']] if given['labels'] else []
    return module('observe', '--out', given['out'], '--name', Path(given['bag']).name, *labels)


def player(context: LaunchContext) -> Node:
    given = context.launch_configurations
    options = [part for name, option in OPTIONS.items() if given[name]
               for part in (option, given[name])]
    options += ['--loop'] if given['loop'] == 'true' else []
    options += ['--ros2-bag'] if is_rosbags(given['player'], given['fault']) else []
    return module('play', given['bag'], '--clock', '--rate', given['rate'],
                  '--wait-for', 'dcmd_observer', *options)


def is_rosbags(chosen: str, fault: str) -> bool:
    """Whether `ros2 bag play` plays; it knows no faults."""
    if chosen == 'auto':
        return not fault and importlib.util.find_spec('ros2bag') is not None
    return chosen == 'ros2bag'


def nodes(context: LaunchContext) -> list:
    """All three; when the observer has ended, or one of the others before it, all is over."""
    watching, playing, inspecting = observer(context), player(context), inspector()
    over = EmitEvent(event=Shutdown(reason='the run is over'))
    return [
        RegisterEventHandler(OnProcessExit(target_action=watching, on_exit=[over])),
        RegisterEventHandler(OnProcessExit(target_action=inspecting, on_exit=[over])),
        RegisterEventHandler(OnProcessExit(
            target_action=playing,
            on_exit=lambda event, _: [over] if event.returncode else [])),
        watching, inspecting, playing]


def generate_launch_description() -> LaunchDescription:
    share = Path(get_package_share_directory('dcmd_ros'))
    return LaunchDescription([*arguments(share), OpaqueFunction(function=nodes)])
