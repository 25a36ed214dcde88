"""
Plays a bag through DDS with /clock, has it inspected, and writes a report about what came out.

Ends when the bag does. The bag is played by `ros2 bag play` where that is installed and no fault
is asked for.
"""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch_ros.actions import Node

sys.path.append(str(Path(__file__).parent))
from dcmd_nodes import common_arguments, dcmd_node, inspector  # noqa: E402

OPTIONS = {'rgb': '--rgb', 'depth': '--depth', 'fault': '--fault', 'distro': '--distro'}
# Seconds that a node has to end at Ctrl-C: the report is being written.
PATIENCE = {'sigterm_timeout': '30', 'sigkill_timeout': '30'}


def arguments(share: Path) -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument('bag', description='a rosbag2 folder, .mcap or .db3'),
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
        *common_arguments(share),
    ]


def observer(given: Mapping[str, str]) -> Node:
    labels = ['--labels', given['labels']] if given['labels'] else []
    return dcmd_node(given, 'observe', '--out', given['out'], '--name', Path(given['bag']).name,
                     *labels, **PATIENCE)


def player(given: Mapping[str, str]) -> Node:
    options = [part for name, option in OPTIONS.items() if given[name]
               for part in (option, given[name])]
    options += ['--loop'] if given['loop'] == 'true' else []
    options += ['--ros2-bag'] if is_rosbags(given['player'], given['fault']) else []
    return dcmd_node(given, 'play', given['bag'], '--clock', '--rate', given['rate'],
                     '--wait-for', 'dcmd_observer', *options, **PATIENCE)


def is_rosbags(chosen: str, fault: str) -> bool:
    """Whether `ros2 bag play` plays; it knows no faults."""
    if chosen == 'auto':
        return not fault and importlib.util.find_spec('ros2bag') is not None
    return chosen == 'ros2bag'


def nodes(context: LaunchContext) -> list:
    """All three; when the observer has ended, or one of the others before it, all is over."""
    given = context.launch_configurations
    watching, playing = observer(given), player(given)
    inspecting = inspector(given, use_sim_time=True, **PATIENCE)
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
