"""The time by which silence is measured."""

from scripted import SECOND

from dcmd_ros.stream.clock import MessageClock, SteadyClock


def test_steady_time_goes_on_with_the_caller_and_never_back() -> None:
    clock = SteadyClock()
    for now, elapsed in ((1000, 0), (1500, 500), (1400, 500), (1600, 600)):
        clock.advance(now)
        assert (clock.elapsed, clock.now) == (elapsed, 1000 + elapsed)


def test_simulated_time_counts_instead_where_there_is_one() -> None:
    clock = SteadyClock()
    clock.tick(0, 100)
    clock.advance(400)
    assert clock.elapsed == 0
    clock.tick(500, 600)
    assert (clock.elapsed, clock.now) == (500, 500)


def test_jumps_of_simulated_time_count_nothing() -> None:
    clock = SteadyClock()
    for now, simulated in ((0, 100), (1, 100 + 5 * SECOND), (2, 7), (3, 8)):
        clock.tick(now, simulated)
    assert clock.elapsed == 1


def test_it_is_paused_after_half_a_second_without_a_step() -> None:
    clock = SteadyClock()
    clock.tick(0, 100)
    clock.tick(SECOND // 2, 100)
    assert not clock.paused
    clock.tick(SECOND // 2 + 1, 100)
    assert clock.paused
    clock.tick(SECOND, 101)
    assert not clock.paused


def test_without_a_simulated_clock_it_is_never_paused() -> None:
    clock = SteadyClock()
    clock.tick(0, 100)
    clock.tick(9 * SECOND, 100)
    clock.tick(9 * SECOND, None)
    assert not clock.paused
    clock.tick(99 * SECOND, None)
    assert not clock.paused


def test_message_time_goes_on_with_either_sensor_and_not_twice() -> None:
    clock = MessageClock()
    for step in (None, 100, 100, 100):
        clock.told('rgb', step)
        clock.told('depth', step)
    assert clock.elapsed == 300
    clock.told('depth', 200)
    assert clock.elapsed == 500


def test_message_time_does_not_go_back_with_the_stamps() -> None:
    clock = MessageClock()
    clock.told('rgb', 500)
    clock.told('rgb', -400)
    clock.told('rgb', 10)
    assert clock.elapsed == 510


def test_a_sensor_far_behind_soon_moves_message_time_again() -> None:
    clock = MessageClock()
    clock.told('depth', 9000 * SECOND)
    for _ in range(20):
        clock.told('rgb', SECOND // 2)
    assert clock.elapsed >= 9008 * SECOND


def test_message_time_does_not_care_for_anybodys_clock() -> None:
    clock = MessageClock()
    clock.advance(5)
    clock.tick(10, 15)
    assert (clock.elapsed, clock.now, clock.paused) == (0, 0, False)
