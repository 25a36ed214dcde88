"""A sensor's state from the facts, with hysteresis."""

import pytest
from scripted import SECOND

from dcmd_ros.stream.config import PairingConfig
from dcmd_ros.stream.health import Facts, Health

NOTHING = Facts()


def heard(config: PairingConfig | None = None, digests: list[int | None] | None = None) -> Health:
    """Of a sensor that sent these payloads."""
    health = Health(config or PairingConfig())
    for index, digest in enumerate(digests or [None]):
        health.heard(index, digest)
    return health


def test_it_waits_for_the_first_message_and_is_ok_then() -> None:
    health = Health(PairingConfig())
    assert health.state(NOTHING) == 'waiting'
    health.heard(0, None)
    assert health.state(NOTHING) == 'ok'


def test_silence_begins_with_the_first_message_and_before_that_there_is_the_grace() -> None:
    health = Health(PairingConfig(grace=2.0))
    assert health.silence(SECOND) is None
    assert not health.is_silent(2 * SECOND, None)
    assert health.is_silent(2 * SECOND + 1, None)
    health.heard(3 * SECOND, None)
    assert health.silence(5 * SECOND) == 2 * SECOND


@pytest.mark.parametrize(('facts', 'state'), [
    (Facts(paused=True, silent=True, missed_shots=True), 'paused'),
    (Facts(silent=True, unsynchronised=True), 'lost'),
    (Facts(unsynchronised=True), 'unsynchronised')])
def test_the_gravest_cause_names_the_state(facts: Facts, state: str) -> None:
    assert heard().state(facts) == state


@pytest.mark.parametrize(('facts', 'state'), [
    (Facts(silent=True), 'ok'), (Facts(silent=True, both_silent=True), 'idle'),
    (Facts(missed_shots=True, silent=True, both_silent=True), 'lost')])
def test_triggered_silence_loses_nobody_but_missed_shots_do(facts: Facts, state: str) -> None:
    assert heard(PairingConfig(acquisition='triggered')).state(facts) == state


def test_disabled_is_disabled_whatever_happens() -> None:
    health = Health(PairingConfig(), disabled=True)
    assert health.state(Facts(silent=True, paused=True)) == 'disabled'


# -- frozen

def test_so_many_identical_payloads_in_a_row_are_frozen() -> None:
    config = PairingConfig(freeze_count=4)
    assert heard(config, [7, 7, 7]).state(NOTHING) == 'ok'
    assert heard(config, [7, 7, 7, 7]).state(NOTHING) == 'frozen'
    assert heard(config, [7, 7, 8, 7, 7]).state(NOTHING) == 'ok'


def test_it_thaws_with_the_first_other_payload() -> None:
    health = heard(PairingConfig(freeze_count=3), [7] * 20)
    assert health.state(NOTHING) == 'frozen'
    health.heard(21, 8)
    assert health.state(NOTHING) == 'ok'


def test_freeze_count_0_switches_it_off() -> None:
    assert heard(PairingConfig(freeze_count=0), [7] * 100).state(NOTHING) == 'ok'


def test_payloads_without_digest_are_never_frozen() -> None:
    assert heard(PairingConfig(freeze_count=1), [None] * 20).state(NOTHING) == 'ok'


# -- late

def test_half_of_the_last_ten_make_it_late_and_a_fifth_is_left_again() -> None:
    health = heard()
    states = []
    for late in [False] * 5 + [True] * 5 + [False] * 8:
        health.outcome(late)
        states.append(health.state(NOTHING))
    assert states == ['ok'] * 9 + ['late'] * 8 + ['ok']


def test_a_third_of_them_late_changes_nothing_either_way() -> None:
    health = heard()
    for _ in range(20):
        for late in (True, False, False):
            health.outcome(late)
            assert health.state(NOTHING) == 'ok'


# -- degraded

def test_low_confidence_makes_it_degraded_and_only_good_confidence_ends_that() -> None:
    health = heard()
    states = []
    for value in (0.0, 0.0, 0.55, 0.55, 0.55, 0.55, 0.55, 0.55, 1.0, 1.0):
        health.confidence(value)
        states.append(health.state(NOTHING))
    assert states == ['ok', *['degraded'] * 7, 'ok', 'ok']


def test_confidence_between_the_thresholds_does_not_degrade() -> None:
    health = heard()
    for _ in range(50):
        health.confidence(0.55)
    assert health.state(NOTHING) == 'ok'


def test_one_bad_frame_does_not_degrade() -> None:
    health = heard()
    health.confidence(0.0)
    assert health.state(NOTHING) == 'ok'
