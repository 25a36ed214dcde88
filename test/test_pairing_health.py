"""States that need the whole pairing: payloads, confidence, grace."""

from scripted import Arrival, Play, stream

from dcmd_ros.frame import Modality
from dcmd_ros.stream.config import PairingConfig


def frozen_depth(since: float, until: float, seconds: float = 4) -> list[Arrival]:
    """Depth sends the same payload again and again for a while."""
    events = stream('rgb', 30, seconds) + stream('depth', 30, seconds, delay=0.003)
    return [Arrival(a.at, a.modality, a.stamp,
                    7 if a.modality == 'depth' and since <= a.at / 1e9 < until else a.stamp)
            for a in events]


def test_a_frozen_sensor_is_frozen_and_its_messages_still_pair() -> None:
    play = Play().play(frozen_depth(1, 3), until=4)
    assert play.seen('depth', 1.35, 3) == {'frozen'}
    assert play.seen('depth', 3.05, 4) == {'ok'} == play.seen('rgb', 1.35, 4)
    assert play.kinds() == {'both': 120}


def test_freeze_count_changes_at_run_time() -> None:
    play = Play().play(frozen_depth(0, 9), until=4)
    assert play.pairing.states['depth'] == 'frozen'
    play.pairing.configure(PairingConfig(freeze_count=0))
    assert play.pairing.states['depth'] == 'ok'


def test_confidence_reaches_the_state_of_its_sensor_only() -> None:
    play = Play().play(frozen_depth(9, 9), until=4)
    for _ in range(5):
        play.pairing.confidence('rgb', 0.1)
    assert play.pairing.states == {'rgb': 'degraded', 'depth': 'ok'}


def test_a_lost_sensor_is_lost_whatever_it_was_before() -> None:
    play = Play().play([a for a in frozen_depth(1, 3) if a.modality == 'rgb' or a.at < 2e9],
                       until=4)
    assert play.seen('depth', 2.6) == {'lost'}


def test_everybody_waits_at_the_start_and_nobody_is_lost_within_the_grace() -> None:
    play = Play(PairingConfig(grace=3.0))
    play.wait(round(2.9e9))
    assert play.seen('rgb') == {'waiting'} == play.seen('depth')
    play.wait(round(3.1e9))
    assert play.pairing.states == {'rgb': 'lost', 'depth': 'lost'}


def test_a_sensor_that_starts_late_pairs_at_once() -> None:
    modality: Modality = 'depth'
    play = Play().play(stream('rgb', 30, 6) + stream(modality, 30, 3, start=3, delay=0.003))
    assert play.kinds(since=3.001)['both'] >= 89
    assert play.seen(modality, 3.01) == {'ok'}
