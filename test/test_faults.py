"""What a source sends under stream and message faults, frame by frame."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from dcmd_ros.frame import Modality
from dcmd_ros.sensing.faults import SECOND, Emission, FaultInjector, parse_faults

FPS = 10


@dataclass
class Message:
    data: Any
    step: int = 40
    encoding: str = '32FC1'


def sent(text: str, sensor: Modality = 'depth', frames: int = 30,
         seed: int = 0) -> list[Emission | None]:
    """Ten frames a second; frame number n holds n + 1 and is stamped at 100 s + n / 10 s."""
    injector = FaultInjector(parse_faults(text), seed)
    return [injector.apply(sensor, n / FPS, np.full((4, 6), n + 1, np.float32),
                           100 * SECOND + n * SECOND // FPS) for n in range(frames)]


def values(emissions: list[Emission | None]) -> list[int | None]:
    return [None if e is None else int(e.image[0, 0]) for e in emissions]


def stamps(emissions: list[Emission | None]) -> list[int]:
    return [e.stamp for e in emissions if e is not None]


CLEAN = values(sent(''))


def test_drop_silences_its_sensor_in_its_window_only() -> None:
    assert values(sent('drop depth 1s-2s')) == CLEAN[:10] + [None] * 10 + CLEAN[20:]
    assert values(sent('drop depth 1s-2s', 'rgb')) == CLEAN


def test_loss_takes_about_its_share_and_the_same_frames_each_time() -> None:
    first = values(sent('loss depth 0.3', frames=500))
    assert first == values(sent('loss depth 0.3', frames=500))
    assert first != values(sent('loss depth 0.3', frames=500, seed=1))
    assert first.count(None) == pytest.approx(150, abs=35)


def test_freeze_repeats_the_last_picture_under_new_stamps() -> None:
    emissions = sent('freeze depth 1s-2s')
    assert values(emissions) == CLEAN[:10] + [CLEAN[9]] * 10 + CLEAN[20:]
    assert stamps(emissions) == stamps(sent(''))


def test_other_faults_do_not_pile_up_on_a_frozen_picture() -> None:
    frozen = sent('freeze depth, bias depth 1m', frames=3)
    assert all(np.array_equal(e.image, frozen[0].image) for e in frozen if e and frozen[0])


def test_freeze_from_the_start_repeats_the_first_picture() -> None:
    assert values(sent('freeze depth', frames=3)) == [1, 1, 1]


def test_delay_holds_messages_back_and_leaves_their_stamps() -> None:
    emissions = sent('delay depth 150ms 1s-')
    assert [e.delay for e in emissions if e] == [0] * 10 + [150_000_000] * 20
    assert stamps(emissions) == stamps(sent(''))


def test_an_offset_moves_stamps_by_a_constant() -> None:
    assert stamps(sent('offset depth -30ms')) == [s - 30_000_000 for s in stamps(sent(''))]


def test_stamps_jump_at_the_start_of_the_window_and_back_at_its_end() -> None:
    shifts = [a - b for a, b in zip(stamps(sent('stamp_jump depth -5s 1s-2s')),
                                    stamps(sent('')), strict=True)]
    assert shifts == [0] * 10 + [-5 * SECOND] * 10 + [0] * 10


def test_a_stamp_never_leaves_what_a_message_can_hold() -> None:
    assert set(stamps(sent('stamp_jump depth -1e9s'))) == {0}
    assert max(stamps(sent('stamp_jump depth 9e9s'))) < 2 ** 31 * SECOND


def test_size_changes_the_resolution() -> None:
    shapes = [e.image.shape for e in sent('size depth 0.5 1s-') if e]
    assert set(shapes[:10]) == {(4, 6)} and set(shapes[10:]) == {(2, 3)}


def test_a_malformed_message_has_too_little_data_or_an_impossible_step() -> None:
    spoilt = []
    for emission in sent('malformed depth', frames=2):
        assert emission is not None
        message = Message(bytes(96))
        emission.spoil(message)
        spoilt.append((len(message.data), message.step))
    assert spoilt == [(48, 40), (96, 1)]


def test_an_unknown_encoding_is_one_that_nobody_knows() -> None:
    emission, = sent('encoding depth', frames=1)
    message = Message(bytes(96))
    assert emission is not None
    emission.spoil(message)
    assert message == Message(bytes(96), encoding='no_such_encoding')


def test_image_faults_reach_the_picture_and_holes_stay_where_they_are() -> None:
    injector = FaultInjector(parse_faults('holes depth 0.3, noise depth 1mm'))
    ones = np.ones((60, 80), np.float32)
    first, second = (injector.apply('depth', n / FPS, ones, 0) for n in range(2))
    assert first is not None and second is not None
    assert np.array_equal(first.image == 0, second.image == 0)
    assert np.mean(first.image == 0) == pytest.approx(0.3, abs=1e-3)
    assert not np.array_equal(first.image, second.image)


def test_overlapping_faults_all_apply() -> None:
    first, *_ = sent('offset depth 10ms, delay depth 20ms, delay depth 30ms, malformed depth')
    assert first is not None
    assert (first.stamp, first.delay, first.spoilt) == (100_010_000_000, 50_000_000, ('short',))
