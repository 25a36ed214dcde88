"""The node's parameters: what is accepted, what is refused and why."""

from dataclasses import fields

import pytest
from rclpy.parameter import Parameter

from dcmd_ros.nodes.parameters import BY_NAME, TABLE, Settings, validate

CONTRACT = {
    'model', 'device', 'autostart_node', 'acquisition', 'slop', 'deadline', 'lost_after',
    'freeze_count', 'depth_offset', 'input_reliability', 'roi', 'min_region_area', 'threads',
    'rgb.on_sensor_loss', 'depth.on_sensor_loss', 'rgb.transport', 'depth.transport',
    'geometry_source', 'points_to_rgb'}


def refused(name: str, value: object, state: str = 'unconfigured') -> str:
    return validate([Parameter(name, value=value)], state).reason


def test_the_contracts_parameters_are_all_there() -> None:
    assert BY_NAME.keys() >= CONTRACT


def test_the_table_and_the_settings_name_the_same_parameters() -> None:
    assert {setting.attribute for setting in TABLE} == {field.name for field in fields(Settings)}


@pytest.mark.parametrize('setting', TABLE, ids=lambda s: s.name)
def test_each_default_is_valid_and_described(setting) -> None:
    assert setting.reason(setting.default) == ''
    described = setting.descriptor()
    assert described.description.endswith('.')
    assert 'may change' in described.additional_constraints
    assert described.read_only == (setting.change == 'never')


def test_ranges_reach_the_descriptor() -> None:
    [slop] = BY_NAME['slop'].descriptor().floating_point_range
    assert all(isinstance(end, float) for end in (slop.from_value, slop.to_value))
    assert (slop.from_value, slop.to_value) == (0.0, 10.0)
    [threads] = BY_NAME['threads'].descriptor().integer_range
    assert (threads.from_value, threads.to_value) == (0, 256)


@pytest.mark.parametrize(('name', 'value', 'why'), [
    ('slop', -0.1, 'slop must be at least 0'),
    ('slop', 'fast', 'slop must be a number'),
    ('slop', float('nan'), 'slop must be a number'),
    ('slop', True, 'slop must be a number'),
    ('freeze_count', 1.5, 'freeze_count must be a whole number'),
    ('autostart_node', 1, 'autostart_node must be true or false'),
    ('engine', 'fast', 'engine must be one of auto, torch, openvino, onnxruntime, tensorrt'),
    ('device', 'gpu', 'device must be auto, cpu, cuda or cuda:N'),
    ('acquisition', 'burst', 'acquisition must be one of stream, triggered'),
    ('rgb.transport', 'compressedDepth', 'rgb.transport must be one of raw, compressed'),
    ('roi', [1, 2, 3], 'roi must be 4 numbers'),
    ('roi', [0, 0, -5, 5], 'roi must be x, y >= 0 and width, height > 0, or four zeros'),
    ('points_to_rgb', [0.0] * 6 + [2.0],
     'points_to_rgb must end in a unit quaternion qx qy qz qw, its length is 2'),
    ('depth.on_sensor_loss', 'stop',
     'depth.on_sensor_loss must be one of continue, unknown, reject'),
])
def test_a_wrong_value_is_refused_with_its_reason(name: str, value: object, why: str) -> None:
    assert refused(name, value) == why


@pytest.mark.parametrize(('name', 'value'), [
    ('slop', 0), ('device', 'cuda:1'), ('roi', [10, 20, 300, 200]), ('lost_after', 2.5),
    ('points_to_rgb', [0, 0, 0, 0, 0, 0, 1])])
def test_a_right_value_is_accepted(name: str, value: object) -> None:
    assert validate([Parameter(name, value=value)], 'unconfigured').successful


def test_a_whole_number_becomes_the_decimal_that_the_parameter_is() -> None:
    assert repr(BY_NAME['slop'].convert(1)) == '1.0'
    assert BY_NAME['points_to_rgb'].convert([0, 0, 0, 0, 0, 0, 1]) == [0.0] * 6 + [1.0]


def test_thresholds_change_at_any_time_and_topics_only_while_not_active() -> None:
    assert refused('deadline', 0.05, 'active') == ''
    assert refused('rgb.on_sensor_loss', 'reject', 'active') == ''
    assert refused('geometry_source', 'points', 'inactive') == ''
    assert 'the node is active' in refused('geometry_source', 'points', 'active')
    assert 'clean up first' in refused('device', 'cpu', 'inactive')
    assert 'clean up first' in refused('engine', 'torch', 'inactive')


def test_names_of_others_are_not_refused() -> None:
    assert validate([Parameter('use_sim_time', value=True)], 'active').successful
