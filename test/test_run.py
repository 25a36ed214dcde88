"""The node as a process: what spinning survives."""

import signal

import pytest
import rclpy
from rclpy.lifecycle import LifecycleNode
from rclpy.signals import SignalHandlerOptions

from dcmd_ros.nodes.run import spin
from dcmd_ros.nodes.session import Interruption, signals_deferred

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
        spin(node, Interruption())
        assert len(calls) == 3
    finally:
        rclpy.try_shutdown()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_callback_raises_nothing_there_and_ends_the_spinning(
        number: signal.Signals) -> None:
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = LifecycleNode('interrupted')
    finished: list[int] = []
    try:
        def interrupted() -> None:
            signal.raise_signal(number)
            finished.append(1)
        node.create_timer(0.001, interrupted)
        with signals_deferred() as interruption:
            spin(node, interruption)
        assert finished == [1]
    finally:
        rclpy.try_shutdown()
