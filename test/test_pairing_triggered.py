"""Cameras that publish per shot."""

import pytest
from scripted import MS, SECOND, Play, stream

from dcmd_ros.stream.config import PairingConfig

TRIGGERED = PairingConfig(acquisition='triggered')


def shots(missing: set[int] = frozenset(), count: int = 12, every: float = 2.0,  # type: ignore[assignment]
          offset: float = 0.002, config: PairingConfig = TRIGGERED) -> Play:
    """A shot every two seconds; depth misses some."""
    events = (stream('rgb', 1 / every, count * every)
              + stream('depth', 1 / every, count * every, delay=0.004, offset=offset,
                       keep=lambda index: index not in missing))
    return Play(config).play(events, until=count * every)


def test_each_shot_is_a_frame_and_joint_silence_is_idle() -> None:
    play = shots()
    assert play.kinds() == {'both': 12}
    play.wait(60 * SECOND)
    assert play.seen('rgb', 1, 28) == {'ok'} == play.seen('depth', 1, 28)
    assert play.seen('rgb', since=28.1) == {'idle'} == play.seen('depth', since=28.1)


def test_before_the_first_shot_it_is_waiting_then_idle_and_never_lost() -> None:
    play = Play(TRIGGERED)
    play.wait(60 * SECOND)
    assert play.seen('rgb', until=5) == {'waiting'}
    assert play.seen('rgb', since=5.1) == {'idle'} == play.seen('depth', since=5.1)


def test_a_missing_partner_is_judged_per_shot() -> None:
    play = shots(missing={3})
    assert play.kinds() == {'both': 11, 'rgb': 1}
    assert 'lost' not in play.seen('depth')
    at = next(at for at, pair in play.frames if pair.depth is None)
    assert at - 6 * SECOND <= 105 * MS


def test_after_three_missed_shots_it_is_lost_and_the_next_shot_does_not_wait() -> None:
    play = shots(missing={3, 4, 5, 6, 7})
    singles = [at for at, pair in play.frames if pair.depth is None]
    assert play.seen('depth', until=10.0) <= {'waiting', 'ok', 'idle'}
    assert play.seen('depth', since=10.2, until=15.9) == {'lost'}
    assert singles[3:] == [12 * SECOND, 14 * SECOND, 16 * SECOND]
    assert play.pairing.counters == {'depth.late': 1}


def test_it_is_back_with_its_next_shot() -> None:
    play = shots(missing={3, 4, 5, 6, 7})
    assert play.kinds(since=17) == {'both': 3}
    assert 'lost' not in play.seen('depth', since=16.1)


def test_a_sensor_that_never_came_is_lost_after_three_shots() -> None:
    play = shots(missing=set(range(12)))
    assert play.kinds() == {'rgb': 12}
    assert play.seen('depth', since=4.2) == {'lost'}


def test_an_offset_is_found_after_three_shots() -> None:
    play = shots(offset=0.5)
    assert play.kinds() == {'rgb': 12, 'depth': pytest.approx(2, abs=1)}
    assert play.pairing.states['depth'] == 'unsynchronised'
    assert play.pairing.offset == pytest.approx(0.5)


def test_shots_at_odd_times_pair() -> None:
    play = Play(TRIGGERED)
    for index, at in enumerate([0.0, 0.4, 5.0, 5.3, 5.5, 12.0, 40.0, 40.2]):
        play.play(stream('rgb', 1, 1, start=at)
                  + stream('depth', 1, 1, start=at, delay=0.01 * (index % 3)))
    play.wait(42 * SECOND)
    assert play.kinds() == {'both': 8}


def test_a_shot_of_one_camera_alone_between_regular_ones_is_a_frame() -> None:
    """Depth is complete around it, but a shot is a shot; a stream would skip it."""
    events = (stream('rgb', 15, 2) + stream('depth', 15, 2, delay=0.001)
              + stream('depth', 15, 1 / 15, start=1.0333))
    assert Play(TRIGGERED).play(events, until=3).kinds() == {'both': 30, 'depth': 1}
    assert Play().play(events, until=3).kinds() == {'both': 30}


def test_a_lone_shot_that_comes_early_is_a_frame() -> None:
    """RGB, which shot every two seconds so far, is not due; that counts for nothing here."""
    both = stream('rgb', 0.5, 12) + stream('depth', 0.5, 12, delay=0.004)
    play = Play(TRIGGERED).play(both + stream('depth', 1, 1, start=10.5), until=11)
    assert play.kinds() == {'both': 6, 'depth': 1}
