"""Watches an inspector from outside: its results, the truth of a source, the diagnostics."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from dcmd_ros.nodes.session import signals_deferred

DEPTH_OF_HISTORY = 1000


@dataclass(frozen=True)
class Result:
    """
    One message of `~/inspection`, its keys typed.

    arrival  steady time in seconds
    parts    the stamps of the sensors that took part
    """

    stamp: str
    verdict: str
    score: float
    mode: str
    degraded: bool
    latency_ms: float
    confidence: dict[str, float]
    state: dict[str, str]
    arrival: float
    parts: dict[str, str] = field(default_factory=dict)


def values(status: DiagnosticStatus) -> dict[str, str]:
    """The key-value pairs of a status."""
    return {pair.key: pair.value for pair in status.values}


def parse_result(message: DiagnosticArray, arrival: float) -> Result:
    """Read a message of `~/inspection`; KeyError or ValueError where it is not the contract's."""
    statuses = {status.name: values(status) for status in message.status}
    inspection = statuses['inspection']
    sensors = {name: statuses[name] for name in ('rgb', 'depth')}
    return Result(
        inspection['stamp'], inspection['verdict'], float(inspection['score']),
        inspection['mode'], inspection['degraded'] == 'true', float(inspection['latency_ms']),
        {name: float(keys['confidence']) for name, keys in sensors.items()},
        {name: keys['state'] for name, keys in sensors.items()}, arrival,
        {name: keys['stamp'] for name, keys in sensors.items() if keys['stamp'] != 'nan'})


class Observer:
    """
    A node that collects; `spin_until` runs it.

    results      in order of arrival
    labels       truth by stamp, as the source published it
    diagnostics  the newest status by name
    first        the first status by name
    told         how often each status came
    unreadable   messages by topic that were not as the contract has them
    """

    def __init__(
            self, context: Context, inspector: str = 'dcmd_inspector',
            on_result: Callable[[Result], None] | None = None,
            on_part: Callable[[dict[str, str]], None] | None = None) -> None:
        self.node = Node('dcmd_observer', context=context)
        self.results: list[Result] = []
        self.labels: dict[str, dict[str, Any]] = {}
        self.diagnostics: dict[str, DiagnosticStatus] = {}
        self.first: dict[str, DiagnosticStatus] = {}
        self.told: Counter[str] = Counter()
        self.unreadable: Counter[str] = Counter()
        self._on_result = on_result
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        qos = QoSProfile(depth=DEPTH_OF_HISTORY)
        subscribe = self.node.create_subscription
        self._inspection = subscribe(
            DiagnosticArray, f'{inspector}/inspection', self._add_result, qos)
        self._on_part = on_part
        if on_part:
            subscribe(DiagnosticArray, f'{inspector}/part', self._add_part, qos)
        subscribe(String, 'truth/label', self._add_label, qos)
        subscribe(DiagnosticArray, '/diagnostics', self._add_diagnostics, qos)

    @property
    def hears(self) -> bool:
        """Whether the inspector has found this listener: results before that are not seen."""
        return self._inspection.get_publisher_count() > 0

    def spin_until(self, done: Callable[[], object], limit: float) -> bool:
        """
        Run until `done()` holds; False when `limit` seconds passed before. In the main thread.

        :raises KeyboardInterrupt: at SIGINT or SIGTERM
        """
        end = time.monotonic() + limit
        with signals_deferred() as interruption:
            while not done():
                left = end - time.monotonic()
                if left < 0:
                    return False
                self._executor.spin_once(timeout_sec=min(left, 0.05))
                if interruption.came:
                    raise KeyboardInterrupt
        return True

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()

    def _add_result(self, message: DiagnosticArray) -> None:
        try:
            result = parse_result(message, time.monotonic())
        except (KeyError, ValueError):
            self.unreadable['inspection'] += 1
            return
        self.results.append(result)
        if self._on_result:
            self._on_result(result)

    def _add_part(self, message: DiagnosticArray) -> None:
        if message.status and self._on_part:
            self._on_part(values(message.status[0]))
        else:
            self.unreadable['part'] += 1

    def _add_label(self, message: String) -> None:
        try:
            label = json.loads(message.data)
            self.labels[str(label['stamp'])] = {**label, 'arrival': time.monotonic()}
        except (KeyError, ValueError, TypeError):
            self.unreadable['truth/label'] += 1

    def _add_diagnostics(self, message: DiagnosticArray) -> None:
        statuses = {status.name: status for status in message.status}
        self.diagnostics.update(statuses)
        self.first = {**statuses, **self.first}
        self.told.update(list(statuses))
