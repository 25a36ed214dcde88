"""What faults do to pictures: nothing at zero, more with more, and never to the input."""

import numpy as np
import pytest

from dcmd_ros.frame import Modality
from dcmd_ros.sensing.fault_grammar import FaultError
from dcmd_ros.sensing.fault_images import CORRUPTIONS, Image, corrupt
from dcmd_ros.sensing.fault_kinds import FAULT_KINDS

GRADED = [(kind, sensor) for kind, sensor in CORRUPTIONS if kind != 'blind']


def picture(sensor: Modality) -> Image:
    rng = np.random.default_rng(5)
    if sensor == 'rgb':
        coarse = rng.integers(40, 200, (12, 16, 3), dtype=np.uint8)
        return coarse.repeat(10, 0).repeat(10, 1)
    depth = (0.6 + 0.02 * rng.random((12, 16), np.float32)).repeat(10, 0).repeat(10, 1)
    depth[20:40, 30:60] = 0
    return depth


def damaged(sensor: Modality, kind: str, amount: float, seed: int = 0) -> Image:
    return corrupt(picture(sensor), sensor, kind, amount, np.random.default_rng(seed))


def difference(a: Image, b: Image) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize(('kind', 'sensor'), CORRUPTIONS)
def test_a_corruption_keeps_the_form_and_the_input(kind: str, sensor: Modality) -> None:
    image = picture(sensor)
    before = image.copy()
    spec = FAULT_KINDS[kind].amounts[sensor]
    result = corrupt(image, sensor, kind, spec.high if spec else 1.0, np.random.default_rng(0))
    assert (result.shape, result.dtype) == (image.shape, image.dtype)
    assert np.array_equal(image, before)
    assert np.isfinite(result).all()
    assert result.min() >= 0


@pytest.mark.parametrize(('kind', 'sensor'), GRADED)
def test_zero_changes_nothing_and_more_changes_more(kind: str, sensor: Modality) -> None:
    image = picture(sensor)
    spec = FAULT_KINDS[kind].amounts[sensor]
    assert spec is not None
    steps = [difference(damaged(sensor, kind, spec.default * x), image) for x in (0, .5, 1, 1.2)]
    assert steps[0] == 0
    assert steps == sorted(set(steps))


@pytest.mark.parametrize(('kind', 'sensor'), CORRUPTIONS)
def test_the_same_generator_gives_the_same_picture(kind: str, sensor: Modality) -> None:
    amount = FAULT_KINDS[kind].amounts[sensor]
    value = amount.default if amount else 1.0
    assert np.array_equal(damaged(sensor, kind, value), damaged(sensor, kind, value))


@pytest.mark.parametrize('share', [0.1, 0.3, 0.5, 1.0])
def test_holes_take_the_stated_share_and_grow(share: float) -> None:
    image = np.full((100, 120), 0.5, np.float32)
    result = corrupt(image, 'depth', 'holes', share, np.random.default_rng(3))
    assert np.mean(result == 0) == pytest.approx(share, abs=1e-3)
    less = corrupt(image, 'depth', 'holes', share / 2, np.random.default_rng(3))
    assert (less[result > 0] > 0).all()


@pytest.mark.parametrize('kind', ['noise', 'bias', 'blur'])
def test_missing_depth_stays_missing_and_valid_depth_valid(kind: str) -> None:
    result = damaged('depth', kind, 0.01 if kind != 'blur' else 4.0)
    assert np.array_equal(result > 0, picture('depth') > 0)


def test_blurred_depth_stays_between_its_surfaces() -> None:
    image = picture('depth')
    result = damaged('depth', 'blur', 4.0)
    valid = image > 0
    assert result[valid].min() >= image[valid].min() - 1e-6
    assert result[valid].max() <= image[valid].max() + 1e-6


def test_depth_noise_has_the_stated_deviation() -> None:
    image = np.full((200, 200), 0.7, np.float32)
    result = corrupt(image, 'depth', 'noise', 0.002, np.random.default_rng(0))
    assert (result - image).std() == pytest.approx(0.002, rel=0.05)


def test_colour_noise_has_the_stated_deviation() -> None:
    image = np.full((200, 200, 3), 128, np.uint8)
    result = corrupt(image, 'rgb', 'noise', 0.1, np.random.default_rng(0))
    expected = 255 * 0.1 * np.sqrt(0.25 + 0.75 * 128 / 255)
    assert result.std() == pytest.approx(expected, rel=0.05)


def test_biased_depth_is_off_by_the_amount_and_bent() -> None:
    image = np.full((100, 100), 0.5, np.float32)
    change = corrupt(image, 'depth', 'bias', -0.004, np.random.default_rng(0)) - image
    assert change.mean() == pytest.approx(-0.004, rel=0.01)
    assert change[0, 0] < change[50, 50] < 0


def test_exposure_ends_in_black_and_white() -> None:
    assert damaged('rgb', 'under', 1.0).mean() < 3
    assert damaged('rgb', 'over', 1.0).min() > 250
    assert damaged('rgb', 'under', 0.8).mean() < picture('rgb').mean() < damaged(
        'rgb', 'over', 0.5).mean()


def test_a_misregistered_image_is_the_same_image_elsewhere() -> None:
    image = np.zeros((60, 60), np.float32)
    image[30, 30] = 0.5
    row, column = np.argwhere(corrupt(image, 'depth', 'misregister', 7.0,
                                      np.random.default_rng(1)))[0]
    assert np.hypot(row - 30, column - 30) == pytest.approx(7, abs=0.8)


def test_blind_is_black_or_missing() -> None:
    assert not damaged('rgb', 'blind', 1.0).any()
    assert not damaged('depth', 'blind', 1.0).any()


def test_all_missing_depth_survives_every_fault() -> None:
    empty = np.zeros((50, 60), np.float32)
    for kind, sensor in CORRUPTIONS:
        if sensor == 'depth':
            assert not corrupt(empty, 'depth', kind, 0.5, np.random.default_rng(0)).any()


def test_a_kind_that_changes_no_pictures_is_refused() -> None:
    with pytest.raises(FaultError, match="'drop' is no fault of depth pictures; known: blind"):
        damaged('depth', 'drop', 1.0)
    with pytest.raises(FaultError, match='over'):
        damaged('depth', 'over', 1.0)
