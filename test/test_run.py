"""The node as a process: what spinning survives."""

import pytest
import rclpy
from rclpy.lifecycle import LifecycleNode

from dcmd_ros.nodes.run import spin

pytestmark = pytest.mark.usefixtures('ros_domain')


def test_an_exception_that_gets_out_of_a_callback_does_not_end_the_node() -> None:
    rclpy.init()
    try:
        node = LifecycleNode('fragile')
        calls = []

        def fail_twice() -> None:
            calls.append(1)
            if len(calls) > 2:
                rclpy.shutdown()
            raise ValueError('out of a callback')
        node.create_timer(0.001, fail_twice)
        spin(node)
        assert len(calls) == 3
    finally:
        rclpy.try_shutdown()
