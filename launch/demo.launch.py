"""The inspector on a simulated camera, inspect.launch.py with camera:=simulated; rviz:=true."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([IncludeLaunchDescription(
        str(Path(__file__).with_name('inspect.launch.py')),
        launch_arguments={'camera': 'simulated'}.items())])
