"""Sensors of unlike, changing and unsteady rates."""

import random

import pytest
from scripted import EPOCH, MS, SECOND, Arrival, Play, moved, outage, stream


@pytest.mark.parametrize(('rgb', 'depth', 'pairs'), [
    (30, 15, 15), (15, 30, 15), (30, 10, 10), (60, 30, 30), (30, 20, 10), (10, 30, 10)])
@pytest.mark.parametrize('lag', [0.0, 0.004])
def test_a_healthy_slower_partners_unmatched_frames_are_skipped_and_counted(
        rgb: int, depth: int, pairs: int, lag: float) -> None:
    play = Play().play(stream('rgb', rgb, 10) + stream('depth', depth, 10, delay=lag), until=11)
    assert play.kinds(since=1, until=9.8) == {'both': pytest.approx(8.8 * pairs, abs=2)}
    faster = 'rgb' if rgb > depth else 'depth'
    assert play.pairing.counters[f'{faster}.skipped_rate'] >= 8.8 * (max(rgb, depth) - pairs)
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}
    assert play.seen('rgb', 1, 9.8) == {'ok'} == play.seen('depth', 1, 9.8)


def test_the_deadline_is_that_of_the_awaited_sensor() -> None:
    """RGB at 60 Hz waits one and a half periods of depth at 30 Hz, not of its own."""
    play = Play().play(stream('rgb', 60, 2) + stream('depth', 30, 2), until=2)
    play.play(stream('rgb', 60, 1 / 60, start=2), until=2.2)
    at, pair = play.frames[-1]
    assert (pair.rgb is not None, pair.depth) == (True, None)
    assert 50 * MS <= at - 2 * SECOND <= 55 * MS


def test_a_slower_partner_that_is_lost_leaves_single_frames_at_full_rate() -> None:
    play = Play().play(stream('rgb', 30, 8) + stream('depth', 15, 4), until=9)
    assert play.kinds(since=4.3, until=7.9) == {'rgb': pytest.approx(108, abs=4)}


def test_a_slower_partner_that_comes_back_is_paired_and_skipped_again() -> None:
    events = stream('rgb', 30, 9) + stream('depth', 15, 9, keep=outage(15, 3, 6))
    play = Play().play(events, until=10)
    assert play.kinds(since=6.2, until=8.8) == {'both': pytest.approx(39, abs=1)}


def test_a_slower_partner_that_misses_a_message_leaves_its_frame_single() -> None:
    """RGB at 30 Hz, depth at 15 Hz without the message at 4 s: that RGB message goes alone."""
    events = stream('rgb', 30, 8) + stream('depth', 15, 8, keep=lambda index: index != 60)
    play = Play().play(events, until=9)
    alone = [pair.stamp - EPOCH for _, pair in play.frames
             if pair.depth is None and SECOND < pair.stamp - EPOCH < 7 * SECOND]
    assert 4 * SECOND in alone
    assert all(abs(stamp - 4 * SECOND) < 70 * MS for stamp in alone)


def test_unlike_rates_with_loss_give_every_moment_that_could_pair() -> None:
    rng = random.Random(7)
    events = [a for a in stream('rgb', 30, 20) + stream('depth', 15, 20, delay=0.002)
              if rng.random() >= 0.3]
    stamps = {m: {a.stamp for a in events if a.modality == m} for m in ('rgb', 'depth')}
    possible = sum(any(abs(stamp - other) < MS for other in stamps['rgb'])
                   for stamp in stamps['depth'])
    play = Play().play(events, until=21)
    assert play.kinds()['both'] >= possible - 1
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('sensor', ['rgb', 'depth', 'both'])
def test_a_rate_that_falls_and_rises_again_keeps_the_frames_coming(sensor: str) -> None:
    """30 Hz, from 3 s to 9 s 5 Hz, then 30 Hz again."""
    slow = {m: sensor in (m, 'both') for m in ('rgb', 'depth')}
    events: list[Arrival] = []
    for modality, lag in (('rgb', 0.0), ('depth', 0.003)):
        hz = 5 if slow[modality] else 30
        parts = (stream(modality, 30, 3), moved(stream(modality, hz, 6), 3, 3),  # type: ignore[arg-type]
                 moved(stream(modality, 30, 3), 9, 9))  # type: ignore[arg-type]
        events += moved([a for part in parts for a in part], lag)
    play = Play().play(events, until=13)
    assert play.kinds(since=6.2, until=8.9) == {'both': pytest.approx(13.5, abs=1.5)}
    assert play.kinds(since=10, until=12) == {'both': 60}
    assert play.seen('rgb', 1, 12) == {'ok'} == play.seen('depth', 1, 12)
    longest = max(b[0] - a[0] for a, b in zip(play.frames, play.frames[1:], strict=False))
    assert longest <= 0.41 * SECOND


@pytest.mark.parametrize('sigma', [0.003, 0.006])
def test_jitter_near_slop_costs_no_moment(sigma: float) -> None:
    """A moment gives a pair, or at least RGB alone; depth that misses is counted."""
    rng = random.Random(11)
    events = (stream('rgb', 30, 20, jitter=lambda: rng.gauss(0, sigma))
              + stream('depth', 30, 20, delay=0.002, jitter=lambda: rng.gauss(0, sigma)))
    play = Play().play(events, until=21)
    with_rgb = sum(count for kind, count in play.kinds().items() if kind != 'depth')
    assert with_rgb >= 0.97 * 600
    assert play.unaccounted() == {'rgb': 0, 'depth': 0}


def test_clocks_that_drift_apart_pair_until_slop_and_recover_on_the_next_beat() -> None:
    """Depth's clock gains 1 ms a second: over 40 s its stamps cross a whole period."""
    events = stream('rgb', 30, 40) + [
        Arrival(a.at + 2 * MS, 'depth', a.stamp + a.at // 1000)
        for a in stream('depth', 30, 40)]
    play = Play(step=10 * MS).play(events, until=41)
    assert play.kinds(until=13) == {'both': pytest.approx(390, abs=4)}
    assert play.seen('depth', since=15, until=19.5) == {'unsynchronised'}
    assert play.kinds(since=15, until=19) == {'rgb': pytest.approx(120, abs=2)}
    assert play.kinds(since=22, until=39).get('both', 0) >= 500
    assert play.seen('depth', since=22, until=39) == {'ok'}


@pytest.mark.parametrize('hz', [0.5, 1, 2])
def test_slow_sensors_pair(hz: float) -> None:
    play = Play(step=20 * MS).play(
        stream('rgb', hz, 30) + stream('depth', hz, 30, delay=0.003), until=31)
    assert play.kinds() == {'both': 30 * hz}


@pytest.mark.parametrize(('rgb', 'depth'), [(5, 4), (30, 25), (4, 5)])
def test_rates_that_are_nearly_equal_do_not_starve_the_output(rgb: int, depth: int) -> None:
    """They meet now and then only: every RGB message goes out, depth's others are counted."""
    play = Play(step=20 * MS).play(
        stream('rgb', rgb, 20) + stream('depth', depth, 20, delay=0.001), until=21)
    kinds = play.kinds(since=4, until=19.5)
    assert kinds['both'] >= 15
    assert kinds['both'] + kinds['rgb'] == pytest.approx(15.5 * rgb, abs=2)
    assert 'depth' not in kinds
