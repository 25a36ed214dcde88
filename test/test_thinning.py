"""What is new in a recording, and what shows no part."""

import numpy as np
import pytest
from line import line, part, seen

from dcmd_ros.training.thinning import differences, empty, extent, same_as
from dcmd_ros.training.thumbnail import COLUMNS, ROWS, Thumbnail, thumbnail

Thumbs = list[Thumbnail]


def thumbs(frames: list, hold: int) -> Thumbs:
    return [thumbnail(rgb, depth) for rgb, depth in line(frames, hold)]


def kept(found: list[int]) -> list[int]:
    return [place for place, like in enumerate(found) if place == like]


def test_a_part_that_rests_is_kept_once_whatever_noise_and_flicker() -> None:
    assert kept(same_as(thumbs([part(i) for i in range(10)], hold=8))) == list(range(0, 80, 8))


def test_each_part_is_kept_where_no_two_frames_show_the_same() -> None:
    assert kept(same_as(thumbs([part(i) for i in range(24)], hold=1))) == list(range(24))


def test_a_part_that_comes_back_after_another_is_new_again() -> None:
    found = same_as(thumbs([part(0), part(1), part(0)], hold=4))
    assert found == [0] * 4 + [4] * 4 + [8] * 4


def test_a_still_recording_is_one_frame() -> None:
    assert kept(same_as(thumbs([part(0)], hold=30))) == [0]


def test_a_part_that_creeps_is_kept_every_few_frames() -> None:
    creeping = [part(0, shift=float(x)) for x in np.linspace(-0.03, 0.03, 31)]  # 0.4 pixels each
    assert 3 <= len(kept(same_as(thumbs(creeping, hold=1)))) <= 20


def test_depth_alone_tells_parts_apart() -> None:
    grey = np.full((120, 160, 3), 90, np.uint8)
    found = same_as([thumbnail(grey, depth) for _, depth in line([part(i) for i in range(6)], 4)])
    assert kept(found) == list(range(0, 24, 4))


def test_colour_alone_tells_parts_apart() -> None:
    rng = np.random.default_rng(0)
    frames = [(rgb, np.ones((120, 160), np.float32) + rng.normal(0, 1e-3, (120, 160)).astype('f4'))
              for rgb, _ in line([part(i) for i in range(6)], 4)]
    assert kept(same_as([thumbnail(*frame) for frame in frames])) == list(range(0, 24, 4))


@pytest.mark.parametrize('count', [0, 1])
def test_nothing_to_compare_with(count: int) -> None:
    few = thumbs([part(0)], hold=1)[:count]
    assert same_as(few) == list(range(count))
    assert empty(few) == [False] * count


def test_an_empty_belt_is_told_from_parts() -> None:
    frames = [part(i, empty=i % 3 == 0) for i in range(12)]
    assert empty(thumbs(frames, hold=3)) == [i % 3 == 0 for i in range(12) for _ in range(3)]


def test_nothing_is_empty_where_a_part_is_always_in_view() -> None:
    assert not any(empty(thumbs([part(i) for i in range(12)], hold=3)))


def test_nothing_is_empty_where_the_camera_moves() -> None:
    frames = [thumbnail(rgb, depth * np.float32(0.96 if n > 4 else 1))
              for n, (rgb, depth) in enumerate(line([part(i) for i in range(16)], 1))]
    assert not any(empty(frames))


def test_exposure_makes_no_difference() -> None:
    rng = np.random.default_rng(2)
    bright, dark = (thumbnail(*seen(part(0), rng, exposure)) for exposure in (1.0, 0.7))
    other = thumbnail(*seen(part(1), rng))
    assert extent(differences(dark, bright)[0]) < 0.1 * extent(differences(other, bright)[0])


def test_a_thumbnail_has_the_means_of_its_blocks_and_the_noise_of_a_mean() -> None:
    rng = np.random.default_rng(3)
    rgb = np.repeat(rng.normal(100, 4, (480, 640, 1)).round(), 3, axis=2).astype(np.uint8)
    depth = (0.5 * (1 + rng.normal(0, 1e-3, (480, 640)))).astype(np.float32)
    depth[:200, :200] = 0
    small = thumbnail(rgb, depth)
    assert small.grey.shape == (ROWS, COLUMNS)
    assert np.allclose(small.grey, 100, atol=1)
    assert np.isnan(small.depth[:10, :10]).all() and np.allclose(small.depth[11:, 11:], 0.5, 1e-3)
    assert small.grey_grain == pytest.approx(4 / 20, rel=0.3)  # 20x20 pixels a block
    assert small.depth_grain == pytest.approx(1e-3 / 20, rel=0.3)


def test_what_is_too_dark_or_too_bright_cannot_be_compared() -> None:
    depth = np.ones((120, 160), np.float32)
    for level in (0, 255):
        assert np.isnan(thumbnail(np.full((120, 160, 3), level, np.uint8), depth).grey).all()
