"""The statuses of /diagnostics: level, cause in words, figures."""

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from dcmd_ros.nodes.diagnostics import SENTENCES, InferenceReport, SensorReport
from dcmd_ros.nodes.result import STATE_LEVELS

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
TOPIC = '/cell/depth/image'


def sensor(state: str = 'ok', **changes: object) -> SensorReport:
    return SensorReport(**{
        'topic': TOPIC, 'state': state, 'rate': 30.0, 'silence': 3.24, 'publishers': 1,
        'offset': 0.05, 'blocks': [], 'warnings': [], 'counts': {'received': 7},
        'last_error': '', **changes})


def inference(**changes: object) -> InferenceReport:
    return InferenceReport(**{
        'lifecycle': 'active', 'model': 'm.pth', 'device': 'cpu', 'category': 'gland',
        'rate': 10.0, 'latencies': (1.0, 2.0, 3.0), 'trouble': '', 'warnings': [],
        'counts': {}, 'last_error': '', **changes})


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


def test_every_state_of_the_contract_has_a_level_and_a_sentence() -> None:
    states = {'waiting', 'ok', 'late', 'degraded', 'frozen', 'lost', 'idle', 'paused',
              'unsynchronised', 'disabled'}
    assert STATE_LEVELS.keys() == SENTENCES.keys() == states


@pytest.mark.parametrize('state', SENTENCES)
def test_every_cause_names_the_topic(state: str) -> None:
    assert TOPIC in sensor(state).cause


def test_a_lost_sensor_is_an_error_that_says_since_when() -> None:
    status = sensor('lost').status('cell/dcmd_inspector: depth')
    assert (status.level, status.name) == (ERROR, 'cell/dcmd_inspector: depth')
    assert status.message == 'no messages on /cell/depth/image for 3.2 s'


def test_a_topic_that_nobody_publishes_is_told_as_such() -> None:
    assert sensor('lost', publishers=0).cause.endswith('(nobody publishes it)')


def test_a_lost_sensor_whose_messages_come_is_told_as_such() -> None:
    assert sensor('lost', refused=True).cause == f'no message on {TOPIC} can be used'
    assert 'no messages' in sensor('lost', refused=True, rate=0.0).cause
    assert 'Hz' in sensor('ok', refused=True).cause


def test_notes_are_told_and_raise_no_level() -> None:
    status = sensor(notes=['/x is faster']).status('a')
    assert (status.level, '/x is faster' in status.message) == (OK, True)


def test_the_offset_of_sensors_that_never_pair_comes_with_the_cure() -> None:
    assert '+0.0500 s' in sensor('unsynchronised').cause
    assert 'depth_offset to -0.0500' in sensor('unsynchronised').cause


def test_blocks_are_errors_and_warnings_warn_and_both_are_in_the_message() -> None:
    blocked = sensor(blocks=['QoS mismatch on /x']).status('a')
    assert (blocked.level, 'QoS mismatch on /x' in blocked.message) == (ERROR, True)
    warned = sensor(warnings=['2 publishers on /x']).status('a')
    assert (warned.level, '2 publishers on /x' in warned.message) == (WARN, True)


def test_the_figures_are_there() -> None:
    told = values(sensor(last_error='once').status('a'))
    assert told == {'state': 'ok', 'topic': TOPIC, 'rate_hz': '30.00', 'age_s': '3.240',
                    'publishers': '1', 'received': '7', 'last_error': 'once'}


def test_an_inference_that_works_is_ok_and_tells_latency_device_and_model() -> None:
    status = inference().status('a')
    assert status.level == OK
    told = values(status)
    assert (told['latency_p50_ms'], told['latency_p95_ms'], told['latency_max_ms']) == (
        '1.00', '2.00', '3.00')
    assert (told['device'], told['model'], told['lifecycle']) == ('cpu', 'm.pth', 'active')


def test_a_model_that_did_not_load_is_an_error_with_its_cause_first() -> None:
    status = inference(lifecycle='unconfigured', trouble='model not found').status('a')
    assert status.level == ERROR
    assert status.message == 'model not found; the node is unconfigured'


def test_a_resting_node_warns() -> None:
    assert inference(lifecycle='inactive').status('a').level == WARN
