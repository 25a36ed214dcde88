"""A constant offset between the stamps of the two sensors."""

from dataclasses import replace

import pytest
from scripted import MS, Play, moved, stream

from dcmd_ros.stream.config import PairingConfig

OFFSETS = [0.016, -0.016, 0.05, -0.05, 0.2, -0.2, 0.7, -0.7, 100.0, -100.0, 3600.0]


def apart(offset: float, seconds: float = 4, hz: int = 30, start: float = 0) -> Play:
    return Play().play(stream('rgb', hz, seconds, start)
                       + stream('depth', hz, seconds, start, delay=0.003, offset=offset))


@pytest.mark.parametrize('offset', OFFSETS)
def test_both_arriving_and_never_pairing_is_unsynchronised_with_the_median_offset(
        offset: float) -> None:
    play = apart(offset)
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'unsynchronised'}
    assert play.pairing.offset == pytest.approx(offset, abs=0.001)


@pytest.mark.parametrize('offset', OFFSETS)
def test_never_both_streams_as_single_frames_once_unsynchronised(offset: float) -> None:
    play = apart(offset)
    broke = next(at for at, states in play.history if states['depth'] == 'unsynchronised') / 1e9
    assert broke < 1.5
    assert play.kinds(since=broke + abs(offset) % 1 + 0.1) == {
        'rgb': pytest.approx((4 - broke - abs(offset) % 1 - 0.1) * 30, abs=2)}
    assert play.pairing.counters['depth.unsynchronised'] > 60
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('offset', OFFSETS)
def test_frames_leave_in_the_order_of_their_stamps(offset: float) -> None:
    stamps = [pair.stamp for _, pair in apart(offset).frames]
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize('offset', [0.016, 0.2, -100.0])
def test_the_parameter_depth_offset_cures_it_at_run_time(offset: float) -> None:
    play = apart(offset)
    assert play.pairing.offset is not None
    play.pairing.configure(PairingConfig(depth_offset=-round(play.pairing.offset, 3)))
    play.play(moved(stream('rgb', 30, 2) + stream('depth', 30, 2, delay=0.003, offset=offset),
                    4, 4), until=6)
    assert play.kinds(since=4.1) == {'both': pytest.approx(58, abs=1)}
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'ok'}
    assert play.pairing.offset == pytest.approx(offset, abs=0.001)
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('lag', [0.003, -0.003])
@pytest.mark.parametrize('offset', [0.016, 0.2, -0.2, 3600.0, -3600.0])
def test_an_offset_that_comes_and_goes_is_found_and_left_unaided(
        offset: float, lag: float) -> None:
    events = stream('rgb', 30, 9, delay=max(-lag, 0))
    for start, shift in ((0, 0.0), (3, offset), (6, 0.0)):
        events += moved(stream('depth', 30, 3, delay=max(lag, 0), offset=shift), start, start)
    play = Play().play(events, until=9)
    assert play.kinds(until=3)['both'] >= 88
    assert 'unsynchronised' in play.seen('depth', 3, 6)
    assert play.kinds(since=4, until=6) == {'rgb': pytest.approx(60, abs=2)}
    assert play.kinds(since=7, until=8.95) == {'both': pytest.approx(58, abs=2)}
    assert play.seen('depth', 7, 9) == {'ok'}
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


def test_an_offset_below_slop_is_measured_and_does_no_harm() -> None:
    play = apart(0.008)
    assert play.kinds() == {'both': 120}
    assert play.pairing.offset == pytest.approx(0.008, abs=1e-6)


def test_the_offset_of_messages_that_pair_does_not_depend_on_when_they_arrive() -> None:
    play = Play().play(stream('rgb', 30, 2) + stream('depth', 30, 2, delay=0.03, offset=0.004))
    assert play.pairing.offset == pytest.approx(0.004, abs=1e-6)


def test_when_rgb_is_lost_an_unsynchronised_depth_goes_out_and_is_ok() -> None:
    events = stream('rgb', 30, 3) + stream('depth', 30, 6, delay=0.003, offset=0.05)
    play = Play().play(events, until=6)
    assert play.kinds(since=3.7, until=5.9) == {'depth': pytest.approx(66, abs=2)}
    assert play.seen('depth', 3.7, 5.9) == {'ok'}


def test_a_new_offset_or_acquisition_starts_anew_and_other_numbers_do_not() -> None:
    play = apart(0.2)
    config = play.pairing.config
    play.pairing.configure(replace(config, lost_after=2.0))
    assert play.pairing.states['depth'] == 'unsynchronised'
    play.pairing.configure(replace(config, depth_offset=0.1))
    assert play.pairing.states['depth'] == 'waiting'


def test_a_sensor_that_is_late_since_a_while_is_late_and_not_unsynchronised() -> None:
    """Its messages took longer than before; those of another clock do not."""
    events = stream('rgb', 30, 6) + stream('depth', 30, 3, delay=0.003)
    events += moved(stream('depth', 30, 3, delay=0.2), 3, 3)
    play = Play().play(events, until=6)
    assert play.seen('depth', 4, 6) == {'late'}
    assert play.pairing.offset == pytest.approx(0, abs=MS / 1e9)
