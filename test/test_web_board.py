"""What browsers are told of what was heard."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dcmd_ros.web.board import LEASE, MOST_POINTS, PARTS, SPAN, Board, Cursor, Result


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(clock)


def judged(score: float | None = 0.25, **changes: Any) -> Result:
    sensors = {'rgb': {'state': 'ok', 'confidence': 0.9},
               'depth': {'state': 'lost', 'confidence': None}}
    return Result(**{'verdict': 'good', 'score': score, 'threshold': 0.5, 'mode': 'rgb_only',
                     'degraded': True, 'stamp': '1.000000000', 'latency_ms': 30.0,
                     'sensors': sensors, **changes})


def test_a_newcomer_is_told_all_and_then_only_new_points(board: Board, clock: Clock) -> None:
    board.result(judged(0.25))
    cursor, news = board.news(Cursor(), 0)
    assert news['fresh'] and news['points'] == [[100.0, 0.25, 0.9, None, True]]
    assert news['result']['verdict'] == 'good' and news['result']['at'] == news['now'] == 100.0
    clock.now = 101.0
    board.result(judged(0.75))
    cursor, news = board.news(cursor, 0)
    assert not news['fresh'] and news['points'] == [[101.0, 0.75, 0.9, None, True]]
    assert board.news(cursor, 0)[1]['points'] == []


def test_points_are_kept_for_the_span_and_never_without_end(board: Board, clock: Clock) -> None:
    board.result(judged(0.1))
    clock.now += SPAN + 1
    board.result(judged(0.2))
    assert [point[1] for point in board.news(Cursor(), 0)[1]['points']] == [0.2]
    for _ in range(MOST_POINTS + 10):
        board.result(judged(0.3))
    assert len(board.news(Cursor(), 0)[1]['points']) == MOST_POINTS


def test_a_browser_that_was_away_gets_what_is_still_kept(board: Board, clock: Clock) -> None:
    board.result(judged(0.1))
    cursor, _ = board.news(Cursor(), 0)
    for _ in range(3):
        clock.now += SPAN / 2 + 1
        board.result(judged(0.2))
    assert len(board.news(cursor, 0)[1]['points']) == 2


def test_the_newest_part_comes_first_and_old_ones_go(board: Board) -> None:
    for number in range(PARTS + 1):
        board.part('good', 0.1, '5', f'{number}.0')
    parts = board.news(Cursor(), 0)[1]['parts']
    assert len(parts) == PARTS
    assert [parts[0]['number'], parts[-1]['number']] == [PARTS + 1, 2]


def test_pictures_are_wanted_for_a_while_after_someone_asked(board: Board, clock: Clock) -> None:
    assert not board.wanted
    assert board.look(0, 0) is None and board.wanted
    clock.now += LEASE
    assert not board.wanted


def test_the_newest_picture_is_given_once_and_an_old_one_never(board: Board) -> None:
    board.picture(b'one')
    board.picture(b'two')
    assert board.look(0, 0) == (2, b'two')
    assert board.look(2, 0) is None
    assert board.look(7, 0) == (2, b'two')  # of another server, before this one started
    board.picture(b'')
    assert board.look(0, 0) is None


@pytest.mark.parametrize('change', [
    lambda board: board.result(judged()), lambda board: board.present(True),
    lambda board: board.diagnostic('rgb', 'OK', ''), lambda board: board.close(),
    lambda board: board.part('good', None, '1', '')])
def test_whoever_waits_is_woken_by_a_change(board: Board, change: Any) -> None:
    cursor, _ = board.news(Cursor(), 0)
    told: list[Any] = []
    waiting = threading.Thread(target=lambda: told.append(board.news(cursor, 60)))
    waiting.start()
    change(board)
    waiting.join(30)
    assert told


def test_that_nothing_changed_is_no_news(board: Board) -> None:
    board.present(True)
    cursor, _ = board.news(Cursor(), 0)
    board.present(True)
    assert board.news(cursor, 0)[0] == cursor
