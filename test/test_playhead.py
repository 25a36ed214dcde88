"""Where a playback is, by an injected clock."""

from dcmd_ros.stream.playhead import Playhead


def test_it_goes_on_at_its_rate() -> None:
    head = Playhead(rate=2.0)
    head.move(1000, now=50)
    assert [head.at(50), head.at(60)] == [1000, 1020]
    assert head.due(1040) == 70 and head.at(70) == 1040


def test_paused_it_stands_still_and_nothing_comes_due() -> None:
    head = Playhead()
    head.move(1000, now=50)
    head.change(60, paused=True)
    assert [head.at(60), head.at(90)] == [1010, 1010] and head.due(2000) is None
    head.change(90, paused=False)
    assert head.at(95) == 1015 and head.due(1020) == 100


def test_another_rate_counts_from_now_on() -> None:
    head = Playhead()
    head.move(0, now=0)
    head.change(100, rate=0.5)
    assert [head.at(100), head.at(120)] == [100, 110] and head.due(110) == 120


def test_a_rate_changed_while_paused_holds_afterwards() -> None:
    head = Playhead(paused=True)
    head.move(7, now=0)
    head.change(10, rate=4.0)
    head.change(20, paused=False)
    assert head.at(30) == 47
