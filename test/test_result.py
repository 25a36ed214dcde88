"""The message on ~/inspection: the contract's statuses, keys and levels."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Header

from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.nodes.result import Result, Sensor, seconds

STAMP = 12_000_000_345
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
SEEN = Sensor('ok', 0.9, STAMP, 4.0)


def result(verdict: str = 'good', mode: str = 'both', rgb: Sensor = SEEN,
           depth: Sensor = SEEN, score: float = 0.25) -> Result:
    judged = Inspection(STAMP, 'camera', mode, verdict, score, np.zeros((2, 2), np.float32),
                        np.zeros((2, 2), np.uint8), {'rgb': 0.9, 'depth': 0.9})
    return Result(Header(frame_id='camera'), Frame(STAMP), judged, {'rgb': rgb, 'depth': depth},
                  8.5, 'bracket')


def keys(message) -> dict[str, dict[str, str]]:
    return {s.name: {pair.key: pair.value for pair in s.values} for s in message.status}


def test_the_statuses_and_their_keys_are_the_contracts() -> None:
    told = keys(result().message())
    assert list(told) == ['inspection', 'rgb', 'depth']
    assert list(told['inspection']) == [
        'schema', 'verdict', 'score', 'threshold', 'mode', 'degraded', 'stamp', 'latency_ms',
        'category']
    assert list(told['rgb']) == list(told['depth']) == ['state', 'confidence', 'stamp', 'age_ms']


def test_the_values_are_the_results() -> None:
    told = keys(result('anomalous', score=0.75).message())
    assert told['inspection'] == {
        'schema': '1', 'verdict': 'anomalous', 'score': '0.75', 'threshold': '0.5',
        'mode': 'both', 'degraded': 'false', 'stamp': '12.000000345', 'latency_ms': '8.500',
        'category': 'bracket'}
    assert told['depth'] == {
        'state': 'ok', 'confidence': '0.900000', 'stamp': '12.000000345', 'age_ms': '4.000'}


def test_the_score_keeps_every_digit() -> None:
    score = 0.1 + 0.2
    assert float(keys(result(score=score).message())['inspection']['score']) == score


def test_an_absent_sensor_reads_nan() -> None:
    told = keys(result(mode='rgb_only', depth=Sensor('lost')).message())
    assert told['depth'] == {'state': 'lost', 'confidence': 'nan', 'stamp': 'nan',
                             'age_ms': 'nan'}
    assert told['inspection']['degraded'] == 'true'


@pytest.mark.parametrize(('verdict', 'level'), [
    ('good', OK), ('no_part', OK), ('anomalous', WARN), ('unknown', ERROR)])
def test_the_level_follows_the_verdict(verdict: str, level: bytes) -> None:
    assert result(verdict).message().status[0].level == level


def test_a_sensor_that_is_not_to_be_trusted_degrades_a_result_of_both() -> None:
    assert result(depth=Sensor('degraded', 0.1, STAMP, 4.0)).degraded
    assert not result(depth=Sensor('late', 0.9, STAMP, 4.0)).degraded


def test_the_summary_says_what_is_missing() -> None:
    assert result(mode='rgb_only', depth=Sensor('lost')).summary == \
        'good, score 0.2500, mode rgb_only, degraded (depth lost)'
    assert result(mode='rgb_only', depth=Sensor('ok')).summary == \
        'good, score 0.2500, mode rgb_only, degraded (depth missing)'


def test_stamps_have_nine_decimals() -> None:
    assert seconds(1) == '0.000000001'
    assert seconds(1_700_000_000_123_456_789) == '1700000000.123456789'
