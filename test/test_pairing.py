"""What makes a frame, how long a message waits, and what happens when one sensor goes away."""

import random

import pytest
from scripted import EPOCH, MS, SECOND, Arrival, Play, kind, moved, outage, stream

from dcmd_ros.frame import Modality
from dcmd_ros.stream.config import PairingConfig, PairingError

RATES = [5, 15, 30]
LAGS = [0.0, 0.003, -0.003, 0.015]


def both(hz: float, seconds: float, lag: float = 0.003, offset: float = 0.0) -> list[Arrival]:
    """Both sensors, depth `lag` after RGB, or before it."""
    return (stream('rgb', hz, seconds, delay=max(-lag, 0.0))
            + stream('depth', hz, seconds, delay=max(lag, 0.0), offset=offset))


def known_rate(hz: float, config: PairingConfig | None = None) -> Play:
    """A second of both sensors has gone by."""
    return Play(config).play(both(hz, 1.0), until=1.0)


def latency(play: Play, index: int) -> int:
    """Nanoseconds between the first arrival of a frame's messages and its leaving."""
    at, pair = play.frames[index]
    return at - min(play.arrived[m] for m in (pair.rgb, pair.depth) if m)


# -- the numbers

@pytest.mark.parametrize(('hz', 'slop'), [(30, 13_333_333), (15, 20 * MS), (5, 20 * MS)])
def test_slop_is_two_fifths_of_the_period_and_at_most_20_ms(hz: int, slop: int) -> None:
    for apart, pairs in ((slop - 1000, True), (slop + 1000, False)):
        play = known_rate(hz).play(moved(both(hz, 1.0, 0.0, apart / SECOND), 1.0, 1.0), until=2.5)
        assert ('both' in play.kinds(1.0)) == pairs


@pytest.mark.parametrize(('hz', 'deadline'), [(30, 50 * MS), (20, 75 * MS), (5, 100 * MS)])
def test_the_deadline_is_one_and_a_half_periods_and_at_most_100_ms(hz: int, deadline: int) -> None:
    play = known_rate(hz).play(stream('rgb', hz, 1 / hz, start=1.0), until=1.3)
    assert kind(play.frames[-1][1]) == 'rgb'
    assert deadline <= latency(play, -1) <= deadline + 5 * MS


@pytest.mark.parametrize(('hz', 'lost_after'), [(30, 0.5), (15, 0.5), (5, 0.6), (2, 1.5)])
def test_a_sensor_is_lost_after_three_periods_and_at_least_half_a_second(
        hz: int, lost_after: float) -> None:
    play = Play().play(stream('rgb', hz, 8) + stream('depth', hz, 4), until=8)
    last = 4 - 1 / hz
    assert 'lost' not in play.seen('depth', until=last + lost_after - 0.006)
    assert play.seen('depth', since=last + lost_after + 0.006) == {'lost'}


def test_before_its_period_is_known_a_sensor_has_the_grace() -> None:
    play = Play().play(stream('rgb', 30, 8) + stream('depth', 30, 0.06), until=8)
    assert 'lost' not in play.seen('depth', until=5.0)
    assert play.seen('depth', since=5.1) == {'lost'}


def test_all_numbers_can_be_overridden() -> None:
    config = PairingConfig(slop=0.001, deadline=0.2, lost_after=1.0, grace=2.0)
    play = known_rate(30, config).play(stream('rgb', 30, 2, start=1.0), until=3.0)
    assert 200 * MS <= latency(play, 30) <= 205 * MS
    assert 'lost' not in play.seen('depth', until=1.96)
    assert play.seen('depth', since=1.98) == {'lost'}
    apart = Play(config).play(both(30, 1.0, offset=0.002), until=2)
    assert 'both' not in apart.kinds()


@pytest.mark.parametrize('wrong', [
    {'slop': -0.1}, {'deadline': float('nan')}, {'lost_after': float('inf')}, {'grace': -1.0},
    {'queue_size': 0}, {'acquisition': 'sometimes'}])
def test_a_senseless_number_is_refused_in_one_plain_line(wrong: dict[str, object]) -> None:
    with pytest.raises(PairingError, match=f'^{next(iter(wrong))} is .*: give '):
        PairingConfig(**wrong)  # type: ignore[arg-type]


# -- the match

def test_messages_of_one_moment_leave_as_one_frame_when_the_second_arrives() -> None:
    play = Play().play(both(30, 2.0), until=2.0)
    assert play.kinds() == {'both': 60}
    assert all(latency(play, index) == 3 * MS for index in range(60))
    assert all(pair.stamp == pair.rgb[1] == pair.depth[1]
               for _, pair in play.frames if pair.rgb and pair.depth)


def test_the_best_match_within_slop_wins_not_the_first() -> None:
    play = known_rate(30, PairingConfig(slop=0.03))
    near, far = EPOCH + 1100 * MS, EPOCH + 1080 * MS
    play.play([Arrival(1100 * MS, 'depth', far), Arrival(1102 * MS, 'rgb', near + 2 * MS),
               Arrival(1104 * MS, 'depth', near)], until=1.3)
    pairs = [pair for _, pair in play.frames if pair.rgb and pair.depth]
    assert [pairs[-1].rgb[1], pairs[-1].depth[1]] == [near + 2 * MS, near]  # type: ignore[index]


def test_the_nearer_of_two_rivals_gets_the_partner() -> None:
    play = known_rate(30, PairingConfig(slop=0.03))
    at = EPOCH + 1100 * MS
    play.play([Arrival(1100 * MS, 'rgb', at - 20 * MS), Arrival(1101 * MS, 'rgb', at),
               Arrival(1102 * MS, 'depth', at)], until=1.3)
    pairs = [pair for _, pair in play.frames if pair.rgb and pair.depth]
    assert pairs[-1].rgb[1] == at  # type: ignore[index]


def test_a_better_match_that_comes_later_is_waited_for() -> None:
    """The stamps are too far apart to be sure: the next depth message may be nearer."""
    play = known_rate(10, PairingConfig(slop=0.09))
    at = EPOCH + 1100 * MS
    play.play([Arrival(1100 * MS, 'depth', at - 60 * MS), Arrival(1101 * MS, 'rgb', at),
               Arrival(1110 * MS, 'depth', at + 10 * MS)], until=1.5)
    paired = [pair.depth[1] for _, pair in play.frames if pair.rgb and pair.depth]
    assert paired[-1] == at + 10 * MS


@pytest.mark.parametrize('first', ['rgb', 'depth'])
def test_the_frame_has_the_stamp_of_rgb_else_of_depth(first: Modality) -> None:
    config = PairingConfig(depth_offset=0.5)
    play = Play(config).play([Arrival(0, 'depth', EPOCH), Arrival(MS, 'rgb', EPOCH + SECOND // 2),
                              Arrival(2 * MS, first, EPOCH + SECOND)], until=1)
    assert [pair.stamp for _, pair in play.frames] == [EPOCH + SECOND // 2, EPOCH + SECOND]


# -- one sensor goes away and comes back

@pytest.mark.parametrize('hz', RATES)
@pytest.mark.parametrize('away', ['rgb', 'depth'])
@pytest.mark.parametrize('lag', LAGS)
def test_a_loss_costs_deadline_and_two_frames_and_the_return_three_frames(
        hz: int, away: Modality, lag: float) -> None:
    keep = outage(hz, 3, 6)
    events = [a for a in both(hz, 9, lag)
              if a.modality != away or keep(round((a.stamp - EPOCH) * hz / SECOND))]
    play = Play().play(events, until=10)
    period = SECOND // hz
    deadline = min(period * 3 // 2, 100 * MS)
    last = max(a.at for a in events if a.modality == away and a.stamp < EPOCH + 3 * SECOND)
    back = min(a.at for a in events if a.modality == away and a.stamp >= EPOCH + 6 * SECOND - 9)
    single = next(at for at, pair in play.frames if at > last and kind(pair) != 'both')
    paired = next(at for at, pair in play.frames if at >= back and kind(pair) == 'both')
    assert single - last <= deadline + 2 * period
    assert paired - back <= 3 * period
    assert play.kinds(until=3)['both'] >= 3 * hz - 1
    singles = play.kinds(since=last / SECOND, until=back / SECOND)
    assert sum(singles.values()) >= 0.95 * (back - last) / period - 2
    assert play.kinds(since=back / SECOND + 3 / hz).keys() == {'both'}
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('hz', RATES)
@pytest.mark.parametrize('away', ['rgb', 'depth'])
def test_once_a_sensor_is_lost_the_other_ones_frames_leave_at_once(
        hz: int, away: Modality) -> None:
    play = Play().play([a for a in both(hz, 6) if a.modality != away or a.at < 3 * SECOND],
                       until=6)
    waits = [latency(play, index) for index, (at, _) in enumerate(play.frames) if at > 4 * SECOND]
    assert len(waits) >= 2 * hz - 1
    assert set(waits) == {0}


def test_a_lost_sensors_first_message_makes_it_ok_and_pairs_when_its_partner_comes() -> None:
    play = Play().play(stream('rgb', 30, 6, delay=0.004)
                       + stream('depth', 30, 6, keep=outage(30, 2, 4)), until=6)
    at, pair = next(frame for frame in play.frames if frame[0] > 3 * SECOND and frame[1].depth)
    assert (kind(pair), at) == ('both', 4 * SECOND + 4 * MS)
    assert play.seen('depth', since=4.001, until=6) == {'ok'}


def test_a_sensor_that_comes_just_after_its_partner_left_is_late_once() -> None:
    play = Play().play(both(30, 2) + moved(stream('rgb', 30, 2), 2, 2)
                       + moved(both(30, 2), 4, 4), until=6)
    assert play.pairing.counters == {'depth.late': 1}
    assert play.kinds(since=4.01) == {'both': 59}


def test_a_neighbour_of_the_one_that_left_is_not_late() -> None:
    """Slop reaches RGB's message before, which went alone; the partner is still to come."""
    events = (stream('rgb', 30, 4, delay=0.004)
              + stream('depth', 30, 4, keep=outage(30, 1, 3)))
    play = Play(PairingConfig(slop=0.05)).play(events, until=4)
    assert play.kinds(since=3) == {'both': 30}
    assert not play.drops('depth')


def test_a_sensor_that_never_came_is_lost_after_the_grace_and_nobody_waits_any_more() -> None:
    play = Play(PairingConfig(grace=2.0)).play(stream('rgb', 30, 4), until=4)
    assert play.seen('depth', until=2.0) == {'waiting'}
    assert play.seen('depth', since=2.1) == {'lost'}
    assert latency(play, 100) == 0
    assert play.kinds() == {'rgb': 120}


def test_both_away_and_both_back_pair_from_the_first_message_on() -> None:
    away = outage(30, 2, 5)
    play = Play().play(stream('rgb', 30, 7, keep=away)
                       + stream('depth', 30, 7, delay=0.003, keep=away), until=7)
    assert play.kinds() == {'both': 120}
    assert play.seen('rgb', since=4, until=4.9) == {'lost'} == play.seen('depth', 4, 4.9)


def test_a_flapping_sensor_loses_no_frame_of_the_other() -> None:
    """0.2 s there, 0.7 s away, again and again."""
    events = stream('rgb', 30, 9) + stream(
        'depth', 30, 9, delay=0.003, keep=lambda index: index % 27 < 6)
    play = Play().play(events, until=10)
    assert sum(play.kinds().values()) == 270
    assert play.kinds()['both'] >= 10 * 5
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('loss', [0.1, 0.3])
def test_random_loss_at_equal_rates_makes_single_frames_and_skips_none(loss: float) -> None:
    rng = random.Random(3)
    events = [a for a in both(30, 20) if rng.random() >= loss]
    play = Play().play(events, until=21)
    moments = {a.stamp for a in events}
    assert sum(play.kinds().values()) == len(moments)
    assert not play.pairing.counters


def test_a_disabled_sensor_is_counted_and_nobody_waits_for_it() -> None:
    play = Play(PairingConfig(disabled=frozenset({'depth'}))).play(both(30, 2), until=2)
    assert play.kinds() == {'rgb': 60}
    assert all(latency(play, index) == 0 for index in range(60))
    assert play.pairing.counters == {'depth.disabled': 60}
    assert play.seen('depth') == {'disabled'}


# -- late

def test_a_message_later_than_its_deadline_is_counted_as_late_and_its_sensor_is_late() -> None:
    late = stream('depth', 30, 2, start=2, delay=0.08)
    play = Play().play(both(30, 2) + stream('rgb', 30, 4, start=2) + late
                       + stream('depth', 30, 2, start=4.1, delay=0.003), until=7)
    assert 'late' in play.seen('depth', since=3.5, until=4)
    assert play.pairing.counters['depth.late'] >= 58
    assert play.kinds(since=2.2, until=4) == {'rgb': 54}
    assert play.seen('depth', since=5, until=6) == {'ok'}
    assert play.kinds(since=4.3, until=6)['both'] >= 50


def test_one_late_message_does_not_make_a_sensor_late() -> None:
    events = [Arrival(a.at + 80 * MS, *(a.modality, a.stamp)) if a.stamp == EPOCH + SECOND
              and a.modality == 'depth' else a for a in both(30, 2)]
    play = Play().play(events, until=2)
    assert play.seen('depth') <= {'waiting', 'ok'}
    assert play.pairing.counters == {'depth.out_of_order': 1}


# -- bounds and the end

def test_a_full_queue_ends_the_wait_and_is_counted() -> None:
    config = PairingConfig(deadline=60.0, lost_after=60.0, queue_size=8)
    play = Play(config).play(both(30, 1) + stream('rgb', 30, 5, start=1), until=6)
    assert play.pairing.waiting == {'rgb': 8, 'depth': 0}
    assert play.kinds(since=1.01) == {'rgb': 142}
    assert play.pairing.counters == {'rgb.overflow': 142}


def test_flush_lets_go_of_everything() -> None:
    play = Play().play(both(30, 1) + stream('rgb', 30, 0.03, start=1)).flush()
    assert play.kinds() == {'both': 30, 'rgb': 1}
    assert play.pairing.waiting == {'rgb': 0, 'depth': 0}
    assert play.pairing.next_deadline() is None


def test_a_reset_counts_what_waited_and_starts_anew() -> None:
    play = Play().play(both(30, 1) + stream('rgb', 30, 0.03, start=1))
    play.pairing.reset()
    assert play.pairing.counters == {'rgb.reset': 1}
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}
    assert play.pairing.states == {'rgb': 'waiting', 'depth': 'waiting'}


def test_configure_takes_new_numbers_and_keeps_what_waits() -> None:
    play = known_rate(30).play(stream('rgb', 30, 0.03, start=1))
    play.pairing.configure(PairingConfig(deadline=0.3))
    play.wait(round(1.35 * SECOND))
    assert 300 * MS <= latency(play, -1) <= 305 * MS


def test_next_deadline_says_when_to_poll() -> None:
    play = known_rate(20)
    assert play.pairing.next_deadline() is None
    play.play(stream('rgb', 20, 0.05, start=1))
    assert play.pairing.next_deadline() == SECOND + 75 * MS


def test_a_snapshot_tells_state_rate_age_and_newest_stamp() -> None:
    play = Play(PairingConfig(depth_offset=0.1)).play(both(20, 1, offset=-0.1), until=1.0)
    snapshot = play.pairing.snapshot('depth')
    assert (snapshot.state, snapshot.rate_hz) == ('ok', 20)
    assert snapshot.age == pytest.approx(1 - 0.953, abs=0.005)
    assert snapshot.newest == EPOCH + 850 * MS
    empty = Play().pairing.snapshot('rgb')
    assert empty.newest is None
    assert empty.age != empty.age
    assert empty.rate_hz != empty.rate_hz
