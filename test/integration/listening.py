"""A listener beside the sources: collects what `camera` and `play` publish."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

import rclpy
from live import LIMIT, answered
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

Start = Callable[..., subprocess.Popen[str]]
Listen = Callable[..., 'Listener']
TYPES = {'rgb/image': Image, 'depth/image': Image, 'rgb/camera_info': CameraInfo,
         'depth/camera_info': CameraInfo, 'truth/mask': Image, 'truth/label': String}


class Listener:
    """
    Collects what a source publishes, in order of arrival.

    sent  when a message left its publisher, by topic and stamp
    """

    def __init__(self, domain: int, namespace: str = '', reliable: bool = True,
                 rgb: str = 'rgb/image', more: Mapping[str, type] | None = None) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = Node('listener', context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        types = {**TYPES, **(more or {})}
        self.got: dict[str, list[Any]] = {topic: [] for topic in types}
        self.sent: dict[tuple[str, int], int] = {}
        policy = ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT
        for topic, kind in types.items():
            name = rgb if topic == 'rgb/image' else topic
            self.node.create_subscription(kind, name, self._taker(topic),
                                          QoSProfile(depth=500, reliability=policy))

    def _taker(self, topic: str) -> Callable[[Any, Any], None]:
        def take(message: Any, info: Mapping[str, Any]) -> None:
            self.got[topic].append(message)
            if hasattr(message, 'header'):
                self.sent[topic, nanoseconds(message)] = info['source_timestamp']
        return take

    def stamps(self, topic: str) -> list[int]:
        return [nanoseconds(message) for message in self.got[topic]]

    def labels(self) -> list[dict[str, str]]:
        return [json.loads(message.data) for message in self.got['truth/label']]

    def until(self, done: Callable[[], Any]) -> Any:
        """Spin until the condition gives something true, and give that."""
        end = time.monotonic() + LIMIT
        while not (value := done()):
            assert time.monotonic() < end, ' '.join(f'{t}:{len(m)}' for t, m in self.got.items())
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def set(self, node: str, name: str, value: Any) -> Any:
        """The result of setting a parameter of another node."""
        client = self.node.create_client(SetParameters, f'{node}/set_parameters')
        self.until(client.service_is_ready)
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        return self.until(answered(client, request)).results[0]

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


def nanoseconds(message: Any) -> int:
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


def finish(process: subprocess.Popen[str], listener: Listener) -> dict[str, Any]:
    """Listen until the source has ended well and all it sent has come; its figures."""
    listener.until(lambda: process.poll() is not None)
    out, err = process.communicate()
    assert process.returncode == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert figures['acknowledged'], (figures, {t: len(m) for t, m in listener.got.items()})
    listener.until(lambda: all(
        len(listener.got[topic]) == figures['frames'] for topic in ('truth/label', 'truth/mask')))
    listener.until(lambda: all(
        len(listener.got[f'{sensor}/{kind}']) == figures['sent'].get(sensor, 0)
        for sensor in ('rgb', 'depth') for kind in ('image', 'camera_info')))
    return figures
