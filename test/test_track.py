"""What is kept of one sensor's stream."""

from dcmd_ros.stream.track import REMEMBERED, Track, Waiting


def message(stamp: int, arrived: int | None = None) -> Waiting[str]:
    came = stamp if arrived is None else arrived
    return Waiting(stamp, stamp, came, came, f'at {stamp}')


def track_of(*stamps: int) -> Track[str]:
    track: Track[str] = Track()
    for stamp in stamps:
        track.add(message(stamp))
    return track


def test_messages_wait_in_the_order_of_their_stamps() -> None:
    track = track_of(100, 300, 200)
    assert [item.stamp for item in track.waiting] == [100, 200, 300]
    assert track.reached == 300


def test_messages_that_cannot_be_compared_are_no_trouble() -> None:
    class Awkward:
        def __eq__(self, other: object) -> bool:
            raise ValueError('ambiguous')
    track: Track[Awkward] = Track()
    items = [Waiting(stamp, stamp, 0, 0, Awkward()) for stamp in (1, 2, 3)]
    for item in items:
        track.add(item)
    track.take(items[2], 'paired')
    assert track.waiting == items[:2]


def test_within_is_what_waits_at_most_slop_away() -> None:
    assert [item.stamp for item in track_of(100, 200, 300, 400).within(250, 50)] == [200, 300]


def test_met_finds_the_nearest_stamp_that_came_in_time_waiting_or_not() -> None:
    track = track_of(100, 200, 300)
    track.take(track.waiting[1], 'paired')
    assert track.met(message(205), slop=10, patience=50) == 200
    assert track.met(message(211), slop=10, patience=50) is None
    assert track.met(message(205, arrived=251), slop=10, patience=50) is None
    assert track.met(message(290), slop=100, patience=500) == 300


def test_what_left_alone_is_remembered_and_what_paired_is_not() -> None:
    track = track_of(100, 200)
    first, second = track.waiting
    track.take(first, 'paired')
    track.take(second, 'alone')
    assert not track.went_alone_near(100, 10)
    assert track.went_alone_near(210, 10)
    assert not track.went_alone_near(211, 10)


def test_it_is_complete_around_a_stamp_when_none_is_missing_there() -> None:
    track = track_of(0, 100, 200, 300, 500, 600)
    assert track.is_complete_around(250)
    assert not track.is_complete_around(400)
    assert not track.is_complete_around(650)
    assert not track.is_complete_around(-50)


def test_without_a_known_period_it_is_not_complete() -> None:
    assert not track_of(0, 100).is_complete_around(50)


def test_the_delay_is_measured_against_those_that_paired() -> None:
    track: Track[str] = Track()
    assert track.delay(message(0, 500)) is None
    for stamp, arrived in ((100, 130), (200, 231), (300, 329)):
        item = message(stamp, arrived)
        track.add(item)
        track.take(item, 'paired')
    assert track.delay(message(400, 530)) == 100


def test_a_restart_forgets_the_stamps_and_keeps_the_period() -> None:
    track = track_of(0, 100, 200, 300)
    for item in list(track.waiting):
        track.take(item, 'alone')
    track.restart()
    assert (track.newest, track.reached, track.emitted) == (None, None, None)
    assert not track.came(300)
    assert not track.went_alone_near(300, 10)
    assert track.period.value == 100


def test_while_stale_it_has_reached_nothing_until_the_next_message() -> None:
    track = track_of(100)
    track.stale = True
    assert track.reached is None
    track.add(message(200))
    assert track.reached == 200


def test_its_memory_is_bounded() -> None:
    track: Track[str] = Track()
    for stamp in range(1, 1000):
        track.add(message(stamp))
        track.take(track.waiting[0], 'alone')
    assert not track.came(999 - REMEMBERED)
    assert track.came(1000 - REMEMBERED)
