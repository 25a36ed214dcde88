"""Stamps that jump, repeat, are missing or out of order; drivers that start again."""

import pytest
from scripted import EPOCH, MS, SECOND, Arrival, Play, moved, stream

from dcmd_ros.frame import Modality
from dcmd_ros.stream.config import PairingConfig


def both(seconds: float, at: float = 0.0, stamp: float | None = None, hz: int = 30,
         lag: float = 0.003) -> list[Arrival]:
    """Both sensors from `at` on, stamped from `stamp` on."""
    return moved(stream('rgb', hz, seconds) + stream('depth', hz, seconds, delay=lag),
                 at, at if stamp is None else stamp)


@pytest.mark.parametrize('hz', [5, 15, 30])
@pytest.mark.parametrize('jump', [-3600.0, -3.0, 3600.0, 3.0])
@pytest.mark.parametrize('lag', [0.003, -0.003])
def test_a_jump_of_both_sensors_costs_no_frame_and_is_counted(
        hz: int, jump: float, lag: float) -> None:
    play = Play().play(both(3, hz=hz) + both(3, 3, 3 + jump, hz, lag), until=7)
    direction = 'back' if jump < 0 else 'forward'
    assert play.kinds() == {'both': 6 * hz}
    assert play.pairing.counters == {f'{m}.jump_{direction}': 1 for m in ('rgb', 'depth')}


@pytest.mark.parametrize('back', [0.35, 0.5, 0.9])
def test_a_small_jump_back_costs_two_messages_of_each_sensor(back: float) -> None:
    play = Play().play(both(3) + both(3, 3, 3 - back), until=7)
    assert play.kinds(since=3.2) == {'both': pytest.approx(84, abs=1)}
    jumps = [play.pairing.counters[f'{m}.jump_back'] for m in ('rgb', 'depth')]
    assert jumps == [1, 1]
    assert play.drops('rgb') == play.drops('depth') == 2


def test_a_small_jump_back_of_the_only_sensor_costs_two_messages() -> None:
    events = both(1) + stream('depth', 30, 2, start=1) + moved(stream('depth', 30, 2), 3, 2.52)
    play = Play().play(events, until=6)
    assert play.kinds(since=3) == {'depth': 58}
    assert play.pairing.counters == {'depth.out_of_order': 2, 'depth.jump_back': 1}


def test_a_jump_back_by_a_few_frames_costs_those() -> None:
    play = Play().play(both(3) + both(3, 3, 2.9), until=7)
    assert play.kinds() == {'both': 177}
    assert play.drops('rgb') == play.drops('depth') == 3


@pytest.mark.parametrize('length', [0.3, 2.0])
def test_a_bag_that_loops_pairs_in_every_round(length: float) -> None:
    """The stamps of every round are those of the first, to the nanosecond."""
    rounds = [both(length, at=index * length, stamp=0) for index in range(8)]
    play = Play().play([a for one in rounds for a in one], until=8 * length + 1)
    assert play.kinds()['both'] >= 7 * (length * 30 - 3)
    assert play.pairing.counters['rgb.jump_back'] == 7
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


def test_a_loop_of_a_bag_whose_depth_ends_early_pairs_again() -> None:
    one = stream('rgb', 30, 5) + stream('depth', 30, 4.5, delay=0.003)
    play = Play().play(one + moved(one, 5), until=11)
    assert play.kinds()['both'] >= 2 * 135 - 1
    assert play.kinds()['rgb'] == pytest.approx(30, abs=2)


@pytest.mark.parametrize('jumper', ['rgb', 'depth'])
@pytest.mark.parametrize('jump', [-3600.0, 3600.0, -2.5, 2.5])
def test_one_clock_that_jumps_and_comes_back_ends_in_pairs_again(
        jumper: Modality, jump: float) -> None:
    events = [Arrival(a.at, a.modality, a.stamp + round(jump * SECOND))
              if a.modality == jumper and 2 * SECOND <= a.at < 4 * SECOND else a for a in both(6)]
    play = Play().play(events, until=6)
    assert play.kinds(since=2.2, until=4) == {'rgb': pytest.approx(54, abs=2)}
    assert 'unsynchronised' in play.seen('depth', 2, 4)
    assert play.kinds(since=4.3, until=5.99) == {'both': pytest.approx(51, abs=1)}
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('sensor', ['rgb', 'depth'])
@pytest.mark.parametrize('wrong', [9 * 3600.0, -9 * 3600.0, 5.0])
def test_a_lone_wild_stamp_is_refused_and_counted(sensor: Modality, wrong: float) -> None:
    at = EPOCH + SECOND
    events = [Arrival(a.at, a.modality, a.stamp + round(wrong * SECOND))
              if (a.modality, a.stamp) == (sensor, at) else a for a in both(3)]
    play = Play().play(events, until=3)
    assert play.pairing.counters == {f'{sensor}.stray': 1}
    other = 'depth' if sensor == 'rgb' else 'rgb'
    assert play.kinds() == {'both': 89, other: 1}


def test_a_wild_stamp_after_which_nothing_comes_leaves_by_its_deadline() -> None:
    play = Play().play([*both(2), Arrival(2 * SECOND, 'rgb', EPOCH + 9000 * SECOND)])
    assert play.pairing.waiting == {'rgb': 1, 'depth': 0}
    assert play.pairing.next_deadline() == pytest.approx(2 * SECOND + 50 * MS, abs=MS)
    play.wait(round(2.2 * SECOND))
    at, pair = play.frames[-1]
    assert (pair.rgb is not None, pair.depth) == (True, None)
    assert 2 * SECOND + 50 * MS <= at <= 2 * SECOND + 110 * MS


def test_a_future_stamp_under_a_second_costs_a_few_frames() -> None:
    events = [Arrival(a.at, a.modality, a.stamp + 500 * MS)
              if (a.modality, a.stamp) == ('rgb', EPOCH + SECOND) else a for a in both(4)]
    play = Play().play(events, until=4)
    assert play.kinds(since=1.3)['both'] >= 79
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('sensor', ['rgb', 'depth'])
def test_zero_stamps_are_counted_and_their_sensor_is_not_ok(sensor: Modality) -> None:
    events = [Arrival(a.at, a.modality, 0) if a.modality == sensor and a.at >= SECOND else a
              for a in both(4)]
    play = Play().play(events + both(2, 4), until=6)
    assert play.pairing.counters[f'{sensor}.zero_stamp'] == 90
    assert play.seen(sensor, 1.6, 4) == {'lost'}
    singles = [at for at, _ in play.frames if SECOND <= at < 4 * SECOND]
    assert len(singles) == pytest.approx(90, abs=2)
    assert play.kinds(since=4.04) == {'both': pytest.approx(59, abs=1)}


def test_a_sensor_whose_stamps_are_all_the_same_is_lost_and_counted() -> None:
    stuck = [Arrival(a.at, 'depth', EPOCH + SECOND) for a in stream('depth', 30, 3, start=1)]
    play = Play().play(both(1) + stream('rgb', 30, 3, start=1) + stuck, until=4)
    assert play.seen('depth', 1.7, 3.9) == {'lost'}
    assert play.pairing.counters['depth.duplicate'] == 89
    assert play.kinds(since=1.1) == {'rgb': pytest.approx(87, abs=1)}


def test_a_message_that_comes_twice_is_used_once() -> None:
    rgb, depth = stream('rgb', 30, 2), stream('depth', 30, 2)
    events = both(2) + moved(rgb, 0.001) + moved(depth, 0.04)
    play = Play().play(events, until=3)
    assert play.kinds() == {'both': 60}
    assert play.pairing.counters == {'rgb.duplicate': 60, 'depth.duplicate': 60}


def test_messages_out_of_order_pair_while_they_are_in_time() -> None:
    """Every RGB message with an odd number is overtaken by the next one."""
    events = [moved([a], 0.035 if index % 2 else 0)[0]
              for index, a in enumerate(stream('rgb', 30, 3))]
    play = Play(PairingConfig(deadline=0.08)).play(
        events + stream('depth', 30, 3, delay=0.04), until=4)
    assert play.kinds() == {'both': 90}
    assert [pair.stamp for _, pair in play.frames] == sorted(p.stamp for _, p in play.frames)


def test_messages_that_are_overtaken_by_their_frames_are_dropped_as_out_of_order() -> None:
    events = [moved([a], 0.2 if index == 30 else 0)[0]
              for index, a in enumerate(stream('rgb', 30, 3))]
    play = Play().play(events + stream('depth', 30, 3, delay=0.003), until=4)
    assert play.pairing.counters == {'rgb.out_of_order': 1}
    assert play.kinds() == {'both': 89, 'depth': 1}


@pytest.mark.parametrize('away', [1.0, 20.0])
@pytest.mark.parametrize('first', [0.0, -1e6, 1e6])
def test_a_driver_that_is_killed_and_started_again_pairs_from_its_first_message_on(
        away: float, first: float) -> None:
    """Both sensors are away; they come back with true stamps or with those of a new clock."""
    play = Play(step=20 * MS).play(both(3) + both(3, 3 + away, 3 + away + first), until=7 + away)
    assert play.kinds() == {'both': 180}
    assert play.seen('rgb', 3.7, 3 + away - 0.1) == {'lost'}
    assert {*play.seen('rgb', 3.1 + away, 6 + away),
            *play.seen('depth', 3.1 + away, 6 + away)} == {'ok'}


def test_one_driver_that_starts_again_is_paired_within_three_frames() -> None:
    events = (stream('rgb', 30, 12) + stream('depth', 30, 3, delay=0.003)
              + stream('depth', 30, 4, start=8, delay=0.003))
    play = Play().play(events, until=12)
    assert play.kinds(since=8, until=11.99) == {'rgb': 1, 'both': 119}
    assert not [name for name in play.pairing.counters if 'jump' in name]
