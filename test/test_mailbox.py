"""The slot between executor and inference thread."""

import threading

from dcmd_ros.stream.mailbox import Mailbox


def test_the_newest_item_wins_and_the_loss_is_counted() -> None:
    box: Mailbox[str] = Mailbox()
    for item in ('old', 'older', 'new'):
        box.put(item)
    assert box.take(0) == 'new'
    assert box.overwritten == 2


def test_an_item_that_was_taken_is_not_counted_and_not_given_twice() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    assert box.take(0) == 1
    assert box.take(0) is None
    box.put(2)
    assert (box.take(0), box.overwritten) == (2, 0)


def test_taking_waits_for_an_item_of_another_thread() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    taker = threading.Thread(target=lambda: taken.append(box.take()))
    taker.start()
    box.put(7)
    taker.join(60)
    assert taken == [7]


def test_close_wakes_everybody_who_waits() -> None:
    box: Mailbox[int] = Mailbox()
    takers = [threading.Thread(target=box.take, daemon=True) for _ in range(3)]
    for taker in takers:
        taker.start()
    box.close()
    for taker in takers:
        taker.join(60)
    assert not any(taker.is_alive() for taker in takers)


def test_after_close_what_lies_there_can_be_taken_and_nothing_more_comes_in() -> None:
    box: Mailbox[str] = Mailbox()
    box.put('last')
    box.close()
    assert box.take() == 'last'
    box.put('too late')
    assert (box.take(), box.overwritten) == (None, 1)


def test_a_falsy_item_is_an_item() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(0)
    assert box.take(0) == 0


def test_between_threads_every_item_is_taken_or_counted() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int] = []

    def take_all() -> None:
        while (item := box.take()) is not None:
            taken.append(item)

    def put_some(first: int) -> None:
        for item in range(first, first + 2000):
            box.put(item)
    taker = threading.Thread(target=take_all)
    putters = [threading.Thread(target=put_some, args=(n * 2000,)) for n in range(3)]
    for thread in (taker, *putters):
        thread.start()
    for thread in putters:
        thread.join(60)
    box.close()
    taker.join(60)
    assert len(taken) + box.overwritten == 6000
    assert len(set(taken)) == len(taken)


def test_who_is_woken_takes_nothing_and_waits_again() -> None:
    box: Mailbox[int] = Mailbox()
    box.wake()
    assert box.take() is None, 'woken before it waited'
    assert box.take(0) is None
    box.put(1)
    box.wake()
    assert box.take(wanted=False) is None
    box.put(2)
    assert (box.take(), box.overwritten) == (2, 1)
