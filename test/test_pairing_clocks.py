"""Live time, simulated time that stands still or jumps, and offline, where no clock counts."""

import random

import pytest
from scripted import EPOCH, MS, SECOND, Arrival, Play, outage, stream

from dcmd_ros.stream.config import PairingConfig

OFFLINE = PairingConfig(live=False)


def both(seconds: float) -> list[Arrival]:
    return stream('rgb', 30, seconds) + stream('depth', 30, seconds, delay=0.003)


# -- which deadline comes first

def test_live_the_steady_timer_ends_the_wait_where_no_message_does() -> None:
    play = Play().play(both(1) + stream('rgb', 30, 0.03, start=1), until=1.2)
    assert play.frames[-1][0] == pytest.approx(SECOND + 50 * MS, abs=5 * MS)


def test_live_message_time_ends_the_wait_before_the_timer() -> None:
    """Messages come five times as fast as their stamps say."""
    fast = [Arrival(SECOND + index * 6 * MS, 'rgb', EPOCH + SECOND + index * 33 * MS)
            for index in range(3)]
    play = Play(step=None).play(both(1) + fast)
    assert [at for at, pair in play.frames if pair.depth is None] == [SECOND + 12 * MS]


def test_offline_message_time_alone_ends_the_wait() -> None:
    play = Play(OFFLINE).play(both(1) + stream('rgb', 30, 0.03, start=1), until=60)
    assert play.kinds() == {'both': 30}
    assert play.pairing.waiting == {'rgb': 1, 'depth': 0}
    play.play(stream('rgb', 30, 0.07, start=1.0334))
    assert play.kinds() == {'both': 30, 'rgb': 1}


@pytest.mark.parametrize('seed', range(20))
def test_offline_the_output_does_not_depend_on_now(seed: int) -> None:
    rng = random.Random(seed)
    events = sorted(a for a in stream('rgb', 30, 10) + stream('depth', rng.choice([15, 30]), 10,
                    delay=0.01, offset=rng.choice([0, 0, 0.05])) if rng.random() > 0.2)
    outputs = []
    for nows in ([0] * len(events), [a.at for a in events],
                 [rng.randrange(10**18) for _ in events]):
        play = Play(OFFLINE, step=None)
        for event, now in zip(events, nows, strict=True):
            play.play([Arrival(now, event.modality, event.stamp)])
            play.pairing.poll(rng.randrange(10**18), rng.randrange(10**18))
        play.flush()
        outputs.append(([pair for _, pair in play.frames], play.pairing.counters,
                        play.pairing.states, play.pairing.offset))
    assert outputs[0] == outputs[1] == outputs[2]


def test_offline_a_sensor_is_lost_and_comes_back_by_message_time() -> None:
    events = stream('rgb', 30, 9) + stream('depth', 30, 9, keep=outage(30, 3, 6), delay=0.003)
    play = Play(OFFLINE, step=None)
    states = []
    for event in sorted(events):
        play.play([event])
        states.append((event.at, play.pairing.states['depth']))
    assert {state for at, state in states if 3.6 * SECOND < at < 6 * SECOND} == {'lost'}
    assert {state for at, state in states if at > 6.01 * SECOND} == {'ok'}
    assert play.flush().kinds() == {'both': 179, 'rgb': 91}


def test_offline_a_loop_does_not_stop_the_clock() -> None:
    """Depth is lost before the stamps jump back by 8 s, and stays lost."""
    events = both(4) + stream('rgb', 30, 4, start=4)
    loop = [Arrival(a.at + 8 * SECOND, a.modality, a.stamp) for a in stream('rgb', 30, 4)]
    play = Play(OFFLINE, step=None).play(events + loop)
    assert play.pairing.states['depth'] == 'lost'
    assert play.kinds() == {'both': 120, 'rgb': 240}


@pytest.mark.parametrize('hz', [1, 5, 30, 60])
def test_offline_sensors_of_any_rate_pair(hz: int) -> None:
    play = Play(OFFLINE, step=None).play(
        stream('rgb', hz, 20) + stream('depth', hz, 20, delay=1e-4))
    assert play.kinds() == {'both': 20 * hz}
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'ok'}


@pytest.mark.parametrize('offset', [0.016, -0.05, 0.2, -0.7, 100.0, -100.0])
def test_offline_a_constant_offset_is_found_too(offset: float) -> None:
    play = Play(OFFLINE, step=None).play(
        stream('rgb', 30, 6) + stream('depth', 30, 6, delay=0.003, offset=offset)).flush()
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'unsynchronised'}
    assert play.pairing.offset == pytest.approx(offset, abs=0.002)
    assert play.kinds()['rgb'] >= 165
    assert play.kinds().get('depth', 0) <= 25
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


def test_offline_a_wild_stamp_does_not_stop_the_clock() -> None:
    """It cannot be told from silence; depth must still be found lost afterwards."""
    events = [Arrival(a.at, a.modality, a.stamp + 9000 * SECOND)
              if (a.modality, a.stamp) == ('depth', EPOCH + SECOND) else a for a in both(3)]
    play = Play(OFFLINE, step=None).play(events + stream('rgb', 30, 4, start=3))
    assert play.pairing.states['depth'] == 'lost'
    assert play.kinds()['both'] >= 84


# -- simulated time

def test_under_a_stalled_clock_the_state_is_paused_and_never_lost() -> None:
    play = Play().play(both(3), until=60, clock=lambda now: min(now, 3 * SECOND))
    assert 'lost' not in play.seen('rgb') | play.seen('depth')
    assert play.seen('rgb', 3.6) == {'paused'} == play.seen('depth', 3.6)


@pytest.mark.parametrize('rate', [0.1, 1, 5])
def test_when_the_clock_goes_on_so_does_everything(rate: float) -> None:
    """Paused from 3 s to 20 s of steady time; the stamps follow the clock."""
    def clock(now: int) -> int:
        return round((min(now, 3 * SECOND) + max(now - 20 * SECOND, 0)) * rate)
    events = []
    for modality, lag in (('rgb', 0), ('depth', 1 * MS)):
        for index in range(90):
            stamp = index * 3 * SECOND // 90
            events.append(Arrival(stamp + lag, modality, EPOCH + round(stamp * rate)))
            events.append(Arrival(stamp + 20 * SECOND + lag, modality,
                                  EPOCH + round((stamp + 3 * SECOND) * rate)))
    play = Play(PairingConfig(deadline=0.05)).play(events, until=23, clock=clock)
    assert 'lost' not in play.seen('rgb') | play.seen('depth')
    assert play.seen('rgb', 20.1) == {'ok'} == play.seen('depth', 20.1)
    assert play.kinds() == {'both': 180}


def test_in_a_pause_messages_still_leave_by_the_steady_timer() -> None:
    play = Play().play(both(3) + stream('rgb', 30, 0.03, start=5), until=6,
                       clock=lambda now: min(now, 3 * SECOND))
    assert play.kinds(since=5) == {'rgb': 1}


def test_a_sensor_that_dies_while_the_clock_runs_is_lost() -> None:
    play = Play().play(stream('rgb', 30, 6) + stream('depth', 30, 3), until=6,
                       clock=lambda now: now)
    assert play.seen('depth', 3.6, 6) == {'lost'}
    assert play.seen('rgb', 0.1, 6) == {'ok'}


@pytest.mark.parametrize('jump', [-1000, 1000])
def test_a_simulation_that_starts_again_loses_nobody(jump: int) -> None:
    events = both(3) + [Arrival(a.at + 3 * SECOND, a.modality, a.stamp + (3 + jump) * SECOND)
                        for a in both(3)]
    play = Play().play(events, until=6,
                       clock=lambda now: 2000 * SECOND + now + (now >= 3 * SECOND) * jump * SECOND)
    assert play.kinds() == {'both': 180}
    assert 'lost' not in play.seen('rgb') | play.seen('depth')


def test_without_a_clock_ever_moving_it_is_paused() -> None:
    play = Play()
    play.wait(20 * SECOND, clock=lambda now: 0)
    assert play.pairing.states == {'rgb': 'paused', 'depth': 'paused'}
    play.play([], until=20.1)
    assert play.pairing.states['rgb'] == 'waiting'


# -- callers who err

def test_a_clock_that_steps_back_a_little_does_no_harm() -> None:
    events = both(4)
    play = Play(step=None)
    for index, event in enumerate(sorted(events)):
        now = event.at - 20 * MS * (index % 3 == 0)
        play.play([Arrival(max(now, 0), event.modality, event.stamp)])
    assert play.kinds() == {'both': 120}
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'ok'}


def test_without_any_poll_messages_alone_drive_it() -> None:
    play = Play(step=None).play(stream('rgb', 30, 6) + stream('depth', 30, 3, delay=0.003))
    assert play.kinds() == {'both': 90, 'rgb': 90}
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'lost'}
    assert play.pairing.waiting == {'rgb': 0, 'depth': 0}
