"""Whatever comes in: every message leaves once or is counted, in time, and memory is bounded."""

import random

import pytest
from scripted import EPOCH, MS, SECOND, Arrival, Play, messages

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.stream.config import PairingConfig

SEEDS = 300
LONGEST_WAIT = 100 * MS  # the automatic deadline is never longer


def wild(rng: random.Random, modality: Modality, count: int) -> list[Arrival]:
    """Losses, jitter, delays, jumps, duplicates, zero and wild stamps, pauses, a changing rate."""
    taken, shift, arrivals = 0, rng.choice([0, 0, 0, rng.randrange(-SECOND, SECOND)]), []
    period = SECOND // rng.choice([5, 10, 15, 20, 30, 60])
    while len(arrivals) < count:
        taken += period
        if rng.random() < 0.01:
            period = SECOND // rng.choice([5, 15, 30])
        if rng.random() < 0.01:
            shift += rng.choice([-3600, -5, -0.4, 0.4, 5, 3600]) * SECOND
        if rng.random() < 0.005:
            taken += rng.randrange(5 * SECOND)
        if rng.random() < 0.15:
            continue
        stamp = EPOCH + taken + round(shift) + rng.randrange(-5 * MS, 5 * MS)
        if rng.random() < 0.02:
            stamp = rng.choice([0, stamp + 7000 * SECOND, stamp - 7000 * SECOND])
        delay = rng.randrange(10 * MS) + (rng.random() < 0.1) * rng.randrange(300 * MS)
        arrivals.append(Arrival(taken + delay, modality, stamp, rng.choice([None, 1, 2])))
        if rng.random() < 0.03:
            arrivals.append(Arrival(taken + delay + rng.randrange(50 * MS), modality, stamp))
    return arrivals


def config(rng: random.Random, live: bool) -> PairingConfig:
    return PairingConfig(
        live=live, queue_size=rng.choice([1, 3, 32]), slop=rng.choice([None, None, 0.001, 0.1]),
        acquisition=rng.choice(['stream', 'stream', 'triggered']),
        depth_offset=rng.choice([0.0, 0.0, 0.03]))


class Watched(Play):
    """Checks after every step what must hold at every moment."""

    longest = 0

    def _keep(self, pairs) -> None:  # type: ignore[no-untyped-def]
        super()._keep(pairs)
        assert not any(self.unaccounted().values())
        waiting = [item for track in self.pairing._tracks.values() for item in track.waiting]
        self.longest = max([self.longest, *(self.now - item.arrived for item in waiting)])
        assert all(len(track.waiting) <= self.pairing.config.queue_size
                   for track in self.pairing._tracks.values())


@pytest.mark.parametrize('live', [True, False])
@pytest.mark.parametrize('part', range(10))
def test_every_message_leaves_once_or_is_counted(live: bool, part: int) -> None:
    for seed in range(part * SEEDS // 10, (part + 1) * SEEDS // 10):
        rng = random.Random(seed)
        events = wild(rng, 'rgb', 60) + wild(rng, 'depth', 60)
        play = Play(config(rng, live), step=None).play(events)
        if rng.random() < 0.3:
            play.pairing.reset()
        else:
            play.flush()
        assert play.unaccounted() == {'rgb': 0, 'depth': 0}, seed
        assert play.pairing.waiting == {'rgb': 0, 'depth': 0}, seed
        left = [message for _, pair in play.frames for message in messages(pair)]
        assert len(left) == len(set(left)), seed
        assert all(message[0] == modality for _, pair in play.frames
                   for message, modality in zip((pair.rgb, pair.depth), MODALITIES, strict=True)
                   if message), seed


@pytest.mark.parametrize('seed', range(25))
def test_polled_nothing_waits_longer_than_the_deadline(seed: int) -> None:
    rng = random.Random(seed)
    play = Watched(config(rng, live=True))
    play.play(wild(rng, 'rgb', 60) + wild(rng, 'depth', 60))
    play.wait(play.now + SECOND)
    assert play.longest <= LONGEST_WAIT
    assert play.pairing.waiting == {'rgb': 0, 'depth': 0}


@pytest.mark.parametrize('seed', range(40))
def test_between_jumps_frames_leave_in_the_order_of_their_stamps(seed: int) -> None:
    """Losses, delays and offsets, but clocks that run on; from RGB's first frame on."""
    rng = random.Random(seed)
    offset = rng.choice([0, 0, 50 * MS, -30 * MS, 200 * MS, 3600 * SECOND, -3600 * SECOND])
    events = []
    for modality in MODALITIES:
        hz, lag = rng.choice([5, 15, 30]), rng.randrange(30 * MS)
        shift = offset if modality == 'depth' else 0
        for index in range(hz * 8):
            at = index * SECOND // hz
            late = (rng.random() < 0.05) * rng.randrange(300 * MS)
            if rng.random() >= 0.2:
                events.append(Arrival(at + lag + late, modality, EPOCH + at + shift))
    pairs = [pair for _, pair in Play(step=10 * MS).play(events, until=10).frames]
    first = next(index for index, pair in enumerate(pairs) if pair.rgb)
    stamps = [pair.stamp for pair in pairs[first:]]
    assert all(a < b for a, b in zip(stamps, stamps[1:], strict=False))


def test_memory_is_bounded() -> None:
    rng = random.Random(1)
    play = Play(step=None).play(wild(rng, 'rgb', 3000) + wild(rng, 'depth', 3000))
    for track in play.pairing._tracks.values():
        assert len(track._seen) <= 64
        assert len(track._alone) <= 64
    assert len(play.pairing.counters) < 30


@pytest.mark.parametrize('seed', range(30))
def test_after_any_trouble_both_sensors_pair_again(seed: int) -> None:
    """Wild streams, and then ten good seconds of stamps in order."""
    rng = random.Random(seed)
    play = Play(PairingConfig(queue_size=rng.choice([2, 32])), step=10 * MS)
    play.play(wild(rng, 'rgb', 100) + wild(rng, 'depth', 100))
    start = play.now
    base = max(message[1] for message in play.arrived) * rng.choice([0, 1]) + EPOCH
    play.play([Arrival(start + index * SECOND // 30 + lag, modality, base + index * SECOND // 30)
               for index in range(300) for modality, lag in (('rgb', 0), ('depth', 3 * MS))])
    since = start / SECOND + 3
    assert play.kinds(since=since) == {'both': pytest.approx(210, abs=2)}
    assert play.pairing.states == {'rgb': 'ok', 'depth': 'ok'}
