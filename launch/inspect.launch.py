"""Starts the inspector, and on request the simulated camera, a recording and RViz."""

import sys
from collections.abc import Mapping
from pathlib import Path

import yaml
from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

sys.path.append(str(Path(__file__).parent))
from dcmd_nodes import common_arguments, dcmd_node, inspector  # noqa: E402

TOPICS = {
    'rgb_topic': ('rgb/image', 'colour image'),
    'rgb_info_topic': ('rgb/camera_info', "colour camera's CameraInfo"),
    'depth_topic': ('depth/image', 'depth image, registered to colour'),
    'depth_info_topic': ('depth/camera_info', "depth camera's CameraInfo"),
    'points_topic': ('points', 'point cloud, used when geometry_source is points'),
}
NO_DRIVER = ['none', 'simulated']


def arguments(share: Path) -> list[DeclareLaunchArgument]:
    drivers = sorted(path.stem for path in (share / 'config' / 'cameras').glob('*.yaml'))
    topics = [
        DeclareLaunchArgument(name, default_value='', description=f"topic of the {text}; default: "
                              f"the camera's, else {topic}")
        for name, (topic, text) in TOPICS.items()]
    return [
        DeclareLaunchArgument(
            'camera', default_value='none', choices=[*NO_DRIVER, *drivers],
            description='simulated: also start a simulated RGB-D camera; a driver, which you '
            'start: its topics and the parameters that suit it, see config/cameras'),
        DeclareLaunchArgument(
            'camera_name', default_value='',
            description="the driver's camera_name, where it is not the default one"),
        *topics,
        *common_arguments(share),
        DeclareLaunchArgument(
            'autostart_node', default_value='', choices=['', 'true', 'false'],
            description='false: an outside lifecycle manager configures and activates the '
            'inspector; default: as in params_file, where it is true'),
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
    ]


def camera_options(given: Mapping[str, str]) -> list[str]:
    """What tells inspector and recorder of the driver."""
    if given['camera'] in NO_DRIVER:
        return []
    name = ['--camera-name', given['camera_name']] if given['camera_name'] else []
    return ['--camera', given['camera'], *name]


def remappings(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The topics that were given, which prevail over the driver's."""
    return [(topic, given[name]) for name, (topic, _) in TOPICS.items() if given[name]]


def rviz(given: Mapping[str, str], share: Path) -> Node:
    colour = given['rgb_topic'] or driver_colour(given, share)
    return Node(package='rviz2', executable='rviz2', namespace=given['namespace'],
                remappings=[('rgb/image', colour)] if colour else [],
                arguments=['-d', str(share / 'config' / 'inspect.rviz')])


def driver_colour(given: Mapping[str, str], share: Path) -> str:
    """The driver's colour topic, which RViz cannot learn from the inspector; empty: no driver."""
    if given['camera'] in NO_DRIVER:
        return ''
    text = (share / 'config' / 'cameras' / f"{given['camera']}.yaml").read_text(encoding='utf-8')
    told = yaml.safe_load(text)
    name = given['camera_name'].strip('/') or told['camera_name']
    return told['topics']['rgb/image'].replace('{camera_name}', name).replace('//', '/')


def nodes(context: LaunchContext, share: Path) -> list[Node]:
    given = context.launch_configurations
    sim_time = given['use_sim_time'] == 'true'
    camera, remaps = camera_options(given), remappings(given)
    started = [inspector(given, *camera, use_sim_time=sim_time, remappings=remaps,
                         autostart_node=given['autostart_node'])]
    if given['camera'] == 'simulated':
        started.append(dcmd_node(given, 'camera', '--fault', given['fault'], remappings=remaps))
    if given['record']:
        started.append(dcmd_node(given, 'record', given['record'], *camera, remappings=remaps,
                                 parameters=[{'use_sim_time': sim_time}]))
    if given['rviz'] == 'true':
        started.append(rviz(given, share))
    return started


def generate_launch_description() -> LaunchDescription:
    share = Path(get_package_share_directory('dcmd_ros'))
    return LaunchDescription([*arguments(share), OpaqueFunction(function=nodes, args=[share])])
