"""Who of one sensor's messages is let in."""

import pytest
from scripted import SECOND

from dcmd_ros.stream.door import Door
from dcmd_ros.stream.track import Track, Waiting

START = 1000 * SECOND


class Entrance:
    """A door and the track behind it; what is let in leaves at once."""

    def __init__(self, sees_time: bool = True) -> None:
        self.track: Track[None] = Track()
        self.door = Door(self.track, sees_time)
        self.elapsed = 0

    def knock(self, seconds: float, passed: float = 0.03) -> list[str]:
        """A message `passed` seconds after the one before."""
        self.elapsed += round(passed * SECOND)
        stamp = START + round(seconds * SECOND)
        admissions = self.door.knock(Waiting(stamp, stamp, self.elapsed, self.elapsed, None))
        for item, standing in admissions:
            if standing.startswith('jump'):
                self.track.restart()
            if standing not in ('duplicate', 'out_of_order', 'stray'):
                self.track.add(item)
                self.track.take(item, 'alone')
        return [standing for _, standing in admissions]


@pytest.fixture
def entrance() -> Entrance:
    entrance = Entrance()
    for index in range(5):
        assert entrance.knock(index * 0.03) == ['next']
    return entrance


def test_a_stamp_that_rises_with_the_time_is_the_next(entrance: Entrance) -> None:
    assert entrance.knock(0.15) == ['next']
    assert entrance.knock(20.15, passed=20) == ['next']


def test_the_same_stamp_again_is_a_duplicate_however_often(entrance: Entrance) -> None:
    assert [entrance.knock(0.12) for _ in range(9)] == [['duplicate']] * 9


def test_a_stamp_behind_is_out_of_order_and_the_third_in_a_row_a_jump(entrance: Entrance) -> None:
    assert entrance.knock(-0.5) == ['out_of_order']
    assert entrance.knock(-0.47) == ['out_of_order']
    assert entrance.knock(-0.44) == ['jump_back']
    assert entrance.knock(-0.41) == ['next']


def test_stamps_behind_that_came_before_are_duplicates_until_they_make_a_jump(
        entrance: Entrance) -> None:
    assert [entrance.knock(index * 0.03) for index in range(4)] == [
        ['duplicate'], ['duplicate'], ['jump_back'], ['next']]


def test_stragglers_between_good_stamps_make_no_jump(entrance: Entrance) -> None:
    for index in range(5, 15):
        assert entrance.knock(index * 0.03) == ['next']
        assert entrance.knock(index * 0.03 - 0.04) == ['out_of_order']


@pytest.mark.parametrize(('leap', 'jump'), [(-5.0, 'jump_back'), (5.0, 'jump_forward')])
def test_a_leap_is_held_and_the_next_stamp_makes_it_a_jump(
        entrance: Entrance, leap: float, jump: str) -> None:
    assert entrance.knock(leap) == []
    assert entrance.knock(leap + 0.03) == [jump, 'next']


@pytest.mark.parametrize('leap', [-5.0, 5.0, 9000.0])
def test_a_leap_is_held_and_the_next_stamp_makes_it_a_stray(
        entrance: Entrance, leap: float) -> None:
    assert entrance.knock(leap) == []
    assert entrance.knock(0.18) == ['stray', 'next']


def test_leaps_to_ever_new_places_are_strays(entrance: Entrance) -> None:
    assert entrance.knock(5) == []
    assert entrance.knock(5000) == ['stray']
    assert entrance.knock(-50) == ['stray']
    assert entrance.knock(-50 + 0.03) == ['jump_back', 'next']


def test_a_leap_that_repeats_is_a_duplicate_and_stays_held(entrance: Entrance) -> None:
    assert entrance.knock(5000) == []
    assert entrance.knock(5000) == ['duplicate']
    assert entrance.door.held is not None


def test_released_a_held_stamp_is_taken_at_its_word(entrance: Entrance) -> None:
    assert entrance.door.release() == []
    entrance.knock(5000)
    assert [standing for _, standing in entrance.door.release()] == ['jump_forward']
    assert entrance.door.held is None


def test_without_time_a_leap_forward_is_silence() -> None:
    entrance = Entrance(sees_time=False)
    assert entrance.knock(0) == ['next']
    assert entrance.knock(5000) == ['next']
    assert entrance.knock(0.06) == []
    assert entrance.knock(0.09) == ['jump_back', 'next']


def test_without_time_a_lone_old_stamp_is_a_stray_all_the_same() -> None:
    entrance = Entrance(sees_time=False)
    assert entrance.knock(0) == ['next']
    assert entrance.knock(-50) == []
    assert entrance.knock(0.03) == ['stray', 'next']
