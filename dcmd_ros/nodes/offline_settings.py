"""The node's parameters without the node, for a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rclpy.node import Node
from rclpy.parameter import Parameter

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes import parameters
from dcmd_ros.nodes.inspector_node import NAME, describe
from dcmd_ros.nodes.parameters import Settings
from dcmd_ros.nodes.session import ros_session


def read_settings(ros_args: Sequence[str], given: Mapping[str, str]) -> Settings:
    """
    What `--ros-args -p ... --params-file ...` says to a node of the inspector's name.

    :param given: override those of `ros_args`
    :raises DcmdError: ROS cannot read the arguments, or a value is refused
    """
    with ros_session(ros_args) as context:
        overrides = [Parameter(name, value=value) for name, value in given.items()]
        node = Node(NAME, context=context, parameter_overrides=overrides,
                    start_parameter_services=False, enable_rosout=False)
        node.add_on_set_parameters_callback(
            lambda changes: parameters.validate(changes, 'unconfigured'))
        try:
            parameters.declare(node)
            return parameters.read(node)
        except parameters.REFUSALS as error:
            raise DcmdError(f'wrong parameter: {describe(error)}') from None
        finally:
            node.destroy_node()
