"""Hears an inspector for the web page; pictures only while a browser looks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from dcmd_ros.frame import MODALITIES
from dcmd_ros.nodes.observer import parse_result, values
from dcmd_ros.sensing.message import MessageError, image_view
from dcmd_ros.web.board import Board, Result
from dcmd_ros.web.picture import jpeg

NAME = 'dcmd_web'
HISTORY = 100  # messages
PICTURES = 1 / 15  # seconds from one picture to the next at least
LEVELS = ('OK', 'WARN', 'ERROR', 'STALE')
LOUD = 10.0  # s between two lines in the log about messages that cannot be read


class WebFeed(Node):
    """
    Passes on to `board`; `look` follows what browsers want.

    :param inspector: name of its node, relative to this one's namespace or with its own
    """

    def __init__(self, context: Context, inspector: str, board: Board) -> None:
        super().__init__(NAME, context=context)
        self.inspector = self.resolve_topic_name(inspector)
        self.board = board
        self._pictures: Subscription | None = None
        self._due = 0.0
        hear = {f'{inspector}/inspection': self._result, f'{inspector}/part': self._part,
                '/diagnostics': self._diagnostics}
        for topic, take in hear.items():
            self.create_subscription(DiagnosticArray, topic, self._guarded(take), HISTORY)
        self._overlay = f'{inspector}/overlay'
        self._inspection = self.resolve_topic_name(f'{inspector}/inspection')

    def look(self) -> None:
        """Subscribe to the overlay, or no longer, as browsers want it; see who is there."""
        self.board.present(self.count_publishers(self._inspection) > 0)
        if self.board.wanted and self._pictures is None:
            self._pictures = self.create_subscription(
                Image, self._overlay, self._guarded(self._picture), QoSProfile(depth=1))
        elif self._pictures is not None and not self.board.wanted:
            self.destroy_subscription(self._pictures)
            self._pictures = None
            self.board.picture(b'')

    def _guarded(self, take: Callable[[Any], None]) -> Callable[[Any], None]:
        """What is not as the contract has it is told, and no more."""
        def guarded(message: Any) -> None:
            try:
                take(message)
            except (KeyError, ValueError, MessageError) as error:
                self.get_logger().warning(f'a message could not be read: {error!r}',
                                          throttle_duration_sec=LOUD)
        return guarded

    def _result(self, message: DiagnosticArray) -> None:
        told = parse_result(message, time.monotonic())
        self.board.result(Result(
            told.verdict, finite(told.score), finite(told.threshold), told.mode, told.degraded,
            told.stamp, finite(told.latency_ms),
            {m: {'state': told.state[m], 'confidence': finite(told.confidence[m])}
             for m in MODALITIES}))

    def _part(self, message: DiagnosticArray) -> None:
        for keys in map(values, message.status):
            if 'verdict' in keys:
                self.board.part(keys['verdict'], finite(float(keys['score'])), keys['frames'],
                                keys['best_stamp'])

    def _diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node, _, part = status.name.rpartition(': ')
            if f'/{node}' == self.inspector:
                self.board.diagnostic(part, LEVELS[min(ord(status.level), 3)], status.message)

    def _picture(self, message: Image) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + PICTURES
            self.board.picture(jpeg(image_view(message, 'uint8', 3)))


def finite(value: float) -> float | None:
    """The value, None where it is not finite."""
    return value if math.isfinite(value) else None
