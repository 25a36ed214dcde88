"""Message types: their fields by distribution, their definitions, and CDR."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rosbags.typesys import (
    Stores,
    TypesysError,
    get_types_from_idl,
    get_types_from_msg,
    get_typestore,
)
from rosbags.typesys.store import Typestore

from dcmd_ros.bags.errors import BagError

DEFAULT = 'jazzy'
ROS2 = 'ros2_'
IDL_RULE = '=' * 80 + '\n'
IDL_HEAD = 'IDL: '


def distros() -> list[str]:
    """The distributions whose types are known, such as 'humble'."""
    return [store.value.removeprefix(ROS2) for store in Stores if store.value.startswith(ROS2)]


@lru_cache
def typestore(distro: str | None = None) -> Typestore:
    """
    The types of a ROS 2 distribution, jazzy where None.

    :raises BagError: a name that is not known
    """
    name = DEFAULT if distro is None else distro.strip().lower()
    if name not in distros():
        raise BagError(f'the types of ROS distribution {distro!r} are not known: '
                       f'use --distro with one of {", ".join(distros())}')
    return get_typestore(Stores(ROS2 + name))


def full_name(msgtype: str) -> str:
    """'sensor_msgs/msg/Image' of that or of 'sensor_msgs/Image'."""
    package, slash, name = msgtype.partition('/')
    return f'{package}/msg/{name}' if slash and '/' not in name else msgtype


def definition(msgtype: str) -> str:
    """
    The ros2msg text of a type of jazzy, with the types that it needs.

    :raises BagError: a type that is not of jazzy's
    """
    return definition_of(msgtype, typestore())


def definition_of(msgtype: str, store: Typestore) -> str:
    """The ros2msg text of a type of the store; BagError where it has none."""
    try:
        return store.generate_msgdef(full_name(msgtype), ros_version=2)[0]
    except (TypesysError, KeyError) as error:
        raise BagError(f'the message type {msgtype!r} is not known: a bag can only hold it '
                       'together with its definition') from error


def serialize(message: Any, msgtype: str) -> bytes:
    """
    CDR of a message of jazzy's types, as `typestore().types[msgtype](...)` makes them.

    :raises BagError: a type that is not of jazzy's
    """
    store = typestore()
    if msgtype not in store.fielddefs:
        raise BagError(f'the message type {msgtype!r} is not known: it cannot be written')
    return bytes(store.serialize_cdr(message, msgtype))


def parsed(text: str, encoding: str, msgtype: str) -> Typestore:
    """
    A store with the type and those that its definition brings along.

    :param encoding: `ros2msg`, or `ros2idl` and `omgidl`
    :raises ValueError: a definition that is absent, incomplete or cannot be parsed
    """
    store = get_typestore(Stores.EMPTY)
    try:
        if encoding == 'ros2msg':
            store.register(get_types_from_msg(text, msgtype))
        elif encoding in ('ros2idl', 'omgidl'):
            for part in text.split(IDL_RULE):
                if part.strip():
                    store.register(get_types_from_idl(_without_head(part)))
        store.get_msgdef(msgtype)
    except Exception as error:  # a parser fed with anything
        raise ValueError(f'no definition of {msgtype}') from error
    return store


def _without_head(part: str) -> str:
    return part.partition('\n')[2] if part.startswith(IDL_HEAD) else part
