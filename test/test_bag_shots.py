"""The node's pairing over recorded messages."""

from types import SimpleNamespace
from typing import Any

import pytest

from dcmd_ros.bags.shots import Shots
from dcmd_ros.frame import Modality
from dcmd_ros.framing.shot import Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.stream.config import SECOND, PairingConfig

PERIOD = SECOND // 10
BEGIN = 1000 * SECOND


def message(stamp: int, payload: bytes) -> Any:
    return SimpleNamespace(data=payload, header=SimpleNamespace(
        stamp=SimpleNamespace(sec=stamp // SECOND, nanosec=stamp % SECOND)))


def record(skip: dict[Modality, range], count: int = 30,
           frozen: range = range(0)) -> list[tuple[Modality, Any, int]]:
    """A bag of both sensors at 10 Hz, depth recorded 5 ms later; without the frames in `skip`."""
    sent: list[tuple[Modality, Any, int]] = []
    for number in range(count):
        stamp = BEGIN + number * PERIOD
        for sensor, lag in (('rgb', 0), ('depth', 5_000_000)):
            if number not in skip.get(sensor, range(0)):
                payload = frozen.start if number in frozen and sensor == 'depth' else number
                sent.append((sensor, message(stamp, bytes([payload])), stamp + lag))
    return sent


def replay(sent: list[tuple[Modality, Any, int]],
           config: PairingConfig | None = None) -> tuple[list[Shot], Shots]:
    shots = Shots(config or PairingConfig(), Tally())
    made = [shot for one in sent for shot in shots.take(*one)]
    return made + shots.finish(), shots


def numbers(shots: list[Shot]) -> list[tuple[int | None, int | None]]:
    return [tuple(None if a is None else (a.stamp - BEGIN) // PERIOD  # type: ignore[misc]
                  for a in (shot.rgb, shot.depth)) for shot in shots]


def test_every_frame_leaves_once_with_its_partner() -> None:
    made, shots = replay(record({}))
    assert numbers(made) == [(n, n) for n in range(30)]
    assert shots.drops() == {}


def test_frames_of_a_lost_sensor_go_on_alone_and_pair_again_when_it_returns() -> None:
    made, shots = replay(record({'depth': range(10, 20)}))
    assert numbers(made) == [
        (n, None if 10 <= n <= 20 else n) for n in range(30)]
    assert shots.drops() == {'depth.late': 1}  # colour's frame of its return had left at once
    assert {shot.states['depth'] for shot in made[16:20]} == {'lost'}
    assert made[-1].states['depth'] == 'ok'


def test_the_end_of_the_bag_loses_nothing() -> None:
    made, _ = replay(record({'depth': range(29, 30)}))
    assert numbers(made)[-1] == (29, None)


def test_it_repeats_whatever_the_time_of_reading() -> None:
    first, second = (replay(record({'rgb': range(3, 9)}))[0] for _ in range(2))
    assert [(s.emitted, s.states, n) for s, n in zip(first, numbers(first), strict=True)] == \
        [(s.emitted, s.states, n) for s, n in zip(second, numbers(second), strict=True)]


def test_time_is_that_of_the_bag() -> None:
    made, shots = replay(record({}, count=3))
    assert [shot.emitted for shot in made] == [
        BEGIN + n * PERIOD + 5_000_000 for n in range(3)]
    assert shots.time == BEGIN + 2 * PERIOD + 5_000_000


@pytest.mark.parametrize(('freeze_count', 'frozen'), [(5, True), (0, False)])
def test_a_frozen_sensor_is_found_by_its_payload(freeze_count: int, frozen: bool) -> None:
    made, _ = replay(record({}, frozen=range(10, 25)), PairingConfig(freeze_count=freeze_count))
    assert ('frozen' in {shot.states['depth'] for shot in made}) is frozen


def test_low_confidence_degrades_a_sensor_and_nan_says_nothing() -> None:
    shots = Shots(PairingConfig(), Tally())
    for value, state in ((float('nan'), 'ok'), (0.0, 'degraded')):
        for one in record({}):
            for shot in shots.take(*one):
                shots.judged(shot, {'rgb': 1.0, 'depth': value})
        assert shots.pairing.states['depth'] == state


def test_frames_missing_from_the_bag_are_counted() -> None:
    tally = Tally()
    shots = Shots(PairingConfig(), tally)
    for one in record({'rgb': range(12, 14)}, count=40):
        shots.take(*one)
    assert tally.counts('rgb') == {'received': 38, 'missing': 2}
