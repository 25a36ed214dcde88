"""Quality of service: what the node asks for, and what stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy.qos import (
    DurabilityPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.subscription import Subscription

INPUT_DEPTH = 10
OUTPUT_DEPTH = 5


def input_qos(reliability: str) -> QoSProfile:
    """Of the subscriptions; `reliability` is best_effort or reliable."""
    reliable = reliability == 'reliable'
    return QoSProfile(
        depth=INPUT_DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT)


def output_qos() -> QoSProfile:
    """Of the publishers: reliable, so that listeners of either kind match."""
    return QoSProfile(depth=OUTPUT_DEPTH, reliability=ReliabilityPolicy.RELIABLE)


def latched_qos() -> QoSProfile:
    """Of what stays true until it is told anew: who comes late gets the last one."""
    return QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                      durability=DurabilityPolicy.TRANSIENT_LOCAL)


def troubles(node: Node, subscription: Subscription) -> tuple[list[str], list[str]]:
    """
    What keeps a topic's messages away, and what should be put right, with the topic's name.

    Read off the graph as it is now, so that a trouble ends when its publisher goes.
    """
    topic, expected = subscription.topic_name, type_name(subscription.msg_type)
    publishers = node.get_publishers_info_by_topic(topic)
    reasons = {mismatch(p.qos_profile, subscription.qos_profile) for p in publishers} - {''}
    others = {p.topic_type for p in publishers} - {expected}
    blocks = [f'QoS mismatch on {topic}: {reason}' for reason in sorted(reasons)]
    blocks += [f'type mismatch on {topic}: {other} is published, {expected} is expected'
               for other in sorted(others)]
    crowd = f'{len(publishers)} publishers on {topic}: one camera should publish it'
    return blocks, [crowd] if len(publishers) > 1 else []


def type_name(message_type: Any) -> str:
    """Such as sensor_msgs/msg/Image."""
    return f'{message_type.__module__.split(".")[0]}/msg/{message_type.__name__}'


def mismatch(offered: QoSProfile, asked: QoSProfile) -> str:
    """Why the two do not connect, empty where they do."""
    compatibility, reason = qos_check_compatible(offered, asked)
    if compatibility != QoSCompatibility.ERROR:
        return ''
    return reason.removeprefix('ERROR: ').rstrip('; ')
