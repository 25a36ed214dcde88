"""The node that publishes a bag's messages, and where its playback is."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.context import Context
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String

from dcmd_ros.bags.topics import Choice
from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.bag_messages import TYPES, Role, Sent
from dcmd_ros.nodes.outlets import CAMERAS, inspector_parameters, outlet_names
from dcmd_ros.nodes.source_messages import header
from dcmd_ros.nodes.stamped_bytes import shifted, shifted_label
from dcmd_ros.stream.playhead import Playhead

LEAST_RATE, MOST_RATE = 0.001, 1000.0
RATE = ParameterDescriptor(
    description='Recorded seconds a second.',
    floating_point_range=[FloatingPointRange(from_value=LEAST_RATE, to_value=MOST_RATE)])
PAUSED = ParameterDescriptor(description='Whether the playback stands still.')


class BagSource(Node):
    """
    Publishes messages as they are in the bag, but for their stamps where those are to be shifted.

    head    where the playback is; parameters `rate` and `paused` change it
    sent    images by sensor that went out
    labels  messages of `truth/label` by label

    :param types: of the bag's topics
    :param spoilt: sensors that faults may befall
    :param clock: publish `/clock` by `tick`
    """

    def __init__(self, context: Context, choice: Choice, types: Mapping[str, str],
                 spoilt: frozenset[str], rate: float, clock: bool, history: int) -> None:
        super().__init__('player', context=context)
        names = outlet_names(self, choice, types, spoilt)
        self._outlets = {outlet: self.create_publisher(TYPES[outlet[1]], name, history)
                         for outlet, name in names.items()}
        self._clock_topic = self.create_publisher(Clock, '/clock', 1) if clock else None
        self.needs = inspector_parameters(names)
        self.sent: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self._declare(rate)

    @property
    def images(self) -> list[Publisher]:
        """Those of the cameras."""
        return [self._outlets[outlet] for outlet in self._outlets if outlet[0] in CAMERAS]

    @property
    def outputs(self) -> list[Publisher]:
        """All but the clock's."""
        return list(self._outlets.values())

    def name_of(self, role: Role, kind: str) -> str:
        """The resolved name of the topic on which such messages go out."""
        return self._outlets[role, kind].topic_name

    def send(self, sent: Sent, shift: int) -> None:
        """
        Publish a message.

        :param shift: nanoseconds to add to its stamp
        """
        assert sent.role is not None
        self._outlets[sent.role, sent.type].publish(stamped(sent, shift))
        if sent.role in CAMERAS:
            self.sent[sent.role] += 1
        elif sent.role == 'label':
            self.labels[label_in(sent.data)] += 1

    def tick(self, place: int) -> None:
        """Publish `/clock`, if that is wanted."""
        if self._clock_topic is not None:
            self._clock_topic.publish(Clock(clock=header(max(place, 0)).stamp))

    def _declare(self, rate: float) -> None:
        try:
            self.declare_parameter('rate', rate, RATE)
            self.declare_parameter('paused', False, PAUSED)
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise DcmdError(f'the rate must be from {LEAST_RATE:g} to {MOST_RATE:g} (as a '
                            f'parameter with a point: 2.0), paused true or false: {error}'
                            ) from error
        self.head = Playhead(self.get_parameter('rate').value, self.get_parameter('paused').value)
        self.add_post_set_parameters_callback(self._change)

    def _change(self, parameters: Iterable[Parameter]) -> None:
        for parameter in parameters:
            if parameter.name in ('rate', 'paused'):
                self.head.change(time.monotonic_ns(), **{parameter.name: parameter.value})


def stamped(sent: Sent, shift: int) -> bytes:
    """The message with its stamp shifted; one too short to have a stamp as it is."""
    try:
        move = shifted_label if sent.role == 'label' else shifted
        return move(sent.data, shift) if shift else sent.data
    except ValueError:
        return sent.data


def label_in(data: bytes) -> str:
    """The label of a `truth/label` message, `unreadable` where it has none."""
    try:
        return str(json.loads(deserialize_message(data, String).data)['label'])
    except Exception:  # whatever a broken message makes of it
        return 'unreadable'
