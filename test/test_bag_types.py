"""Message types and CDR."""

from __future__ import annotations

import numpy as np
import pytest
from bag_rig import IMAGE, STRING, image
from rosbags.typesys import get_types_from_msg

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.types import definition, full_name, parsed, serialize, typestore


def test_jazzy_unless_asked() -> None:
    kind = 'type_description_interfaces/msg/KeyValue'
    assert kind in typestore().types and kind in typestore('Jazzy').types
    assert kind not in typestore('humble').types


def test_a_distribution_that_is_not_known() -> None:
    with pytest.raises(BagError, match=r"'hydro' are not known: .* foxy, .*humble, .*jazzy"):
        typestore('hydro')


@pytest.mark.parametrize('name', ['sensor_msgs/Image', 'sensor_msgs/msg/Image'])
def test_definition_holds_all_that_it_needs(name: str) -> None:
    text = definition(name)
    types = get_types_from_msg(text, IMAGE)
    assert {IMAGE, 'std_msgs/msg/Header', 'builtin_interfaces/msg/Time'} == set(types)


def test_a_type_that_is_not_known() -> None:
    with pytest.raises(BagError, match="'own_msgs/msg/Pair' is not known"):
        definition('own_msgs/msg/Pair')
    with pytest.raises(BagError, match="'own_msgs/msg/Pair' is not known"):
        serialize(None, 'own_msgs/msg/Pair')


def test_full_name() -> None:
    assert full_name('std_msgs/String') == full_name(STRING) == STRING
    assert (full_name(''), full_name('Odd')) == ('', 'Odd')


def test_cdr_of_a_string() -> None:
    """As the OMG's CDR has it: encapsulation, length with the final zero, characters."""
    assert serialize(typestore().types[STRING](data='ab'), STRING) == (
        b'\0\1\0\0' b'\3\0\0\0' b'ab\0')


def test_cdr_and_back() -> None:
    sent = image(5)
    store = parsed(definition(IMAGE), 'ros2msg', IMAGE)
    back = store.deserialize_cdr(serialize(sent, IMAGE), IMAGE)
    assert (back.data == sent.data).all() and back.data.dtype == np.uint8
    assert (back.encoding, back.step, back.header.frame_id) == ('rgb8', 48, 'camera')


@pytest.mark.parametrize(('text', 'encoding'), [
    ('%%%', 'ros2msg'), ('Other inner', 'ros2msg'), ('uint8 a', 'jsonschema'), ('', 'ros2idl')])
def test_definitions_that_will_not_do(text: str, encoding: str) -> None:
    with pytest.raises(ValueError, match='own_msgs/msg/Pair'):
        parsed(text, encoding, 'own_msgs/msg/Pair')
