"""What each condition of the matrix lets through."""

from collections import Counter

import numpy as np
import pytest

from dcmd_ros.evaluation import conditions
from dcmd_ros.evaluation.conditions import CONDITIONS, VARIANTS, degraded, plan
from dcmd_ros.frame import Frame, Intrinsics

SIZE = (48, 64)
CONTRACT = {
    'both', 'no_rgb', 'no_depth', 'holes_10', 'holes_30', 'holes_50', 'rgb_under', 'rgb_over',
    'rgb_blur', 'rgb_noise', 'depth_noise', 'depth_bias', 'depth_frozen', 'misregistered',
    'missing_rgb_30', 'missing_rgb_50', 'missing_rgb_70',
    'missing_depth_30', 'missing_depth_50', 'missing_depth_70',
    'missing_both_30', 'missing_both_50', 'missing_both_70'}


def frame(seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    return Frame(
        stamp=seed, rgb=rng.integers(40, 200, (*SIZE, 3)).astype(np.uint8),
        depth=(0.5 + 0.01 * rng.random(SIZE)).astype(np.float32),
        intrinsics=Intrinsics(SIZE[1], SIZE[0], 80.0, 80.0, 31.5, 23.5))


def changed(variant: str, name: str = 'good/000', seed: int = 0) -> Frame:
    return degraded(variant, frame(), frame(1), name, seed)


def lost(variant: str) -> np.ndarray:
    depth = changed(variant).depth
    assert depth is not None
    return depth == 0


def test_the_matrix_is_the_contract_s() -> None:
    assert set(CONDITIONS) == CONTRACT
    assert len(CONDITIONS) == len(CONTRACT)


def test_only_no_rgb_and_no_depth_are_announced() -> None:
    modes = {variant: changed(variant).mode
             for condition in CONDITIONS for variant in plan(condition, 10)}
    assert {v: m for v, m in modes.items() if m != 'both'} == {
        'no_rgb': 'depth_only', 'no_depth': 'rgb_only'}


@pytest.mark.parametrize('variant', sorted({v for c in CONDITIONS for v in plan(c, 10)} - {
    'both', 'no_rgb', 'no_depth'}))
def test_a_fault_changes_the_named_sensor_alone_and_keeps_its_form(variant: str) -> None:
    before, after = frame(), changed(variant)
    assert before.rgb is not None and after.rgb is not None
    assert before.depth is not None and after.depth is not None
    touched = 'rgb' if 'rgb' in variant else 'depth'
    assert (after.rgb == before.rgb).all() == (touched == 'depth')
    assert (after.depth == before.depth).all() == (touched == 'rgb')
    assert (after.rgb.shape, after.rgb.dtype) == (before.rgb.shape, np.uint8)
    assert (after.depth.shape, after.depth.dtype) == (before.depth.shape, np.float32)
    assert (after.stamp, after.intrinsics) == (before.stamp, before.intrinsics)


@pytest.mark.parametrize('share', [10, 30, 50])
def test_holes_take_their_share_of_the_depth(share: int) -> None:
    assert lost(f'holes_{share}').mean() == pytest.approx(share / 100, abs=0.01)


def test_larger_holes_contain_the_smaller_ones() -> None:
    assert (lost('holes_10') <= lost('holes_30')).all()
    assert (lost('holes_30') <= lost('holes_50')).all()


def test_frozen_depth_is_the_previous_sample_s() -> None:
    assert changed('depth_frozen').depth is not frame().depth
    np.testing.assert_array_equal(changed('depth_frozen').depth, frame(1).depth)


def test_misregistration_moves_depth_by_the_few_pixels_it_says() -> None:
    before, after = frame().depth, changed('misregistered').depth
    assert before is not None and after is not None
    shifts = [(y, x) for y in range(-6, 7) for x in range(-6, 7)
              if (np.roll(before, (y, x), (0, 1))[8:-8, 8:-8] == after[8:-8, 8:-8]).all()]
    assert len(shifts) == 1
    assert 2 <= np.hypot(*shifts[0]) <= 6


def test_a_blinded_sensor_delivers_zeros_not_nothing() -> None:
    rgb, depth = changed('blind rgb').rgb, changed('blind depth').depth
    assert rgb is not None and not rgb.any()
    assert depth is not None and not depth.any()


def test_the_same_sample_is_spoilt_the_same_way_and_another_otherwise() -> None:
    first, again = changed('rgb_noise').rgb, changed('rgb_noise').rgb
    np.testing.assert_array_equal(first, again)
    assert (first != changed('rgb_noise', name='good/001').rgb).any()
    assert (first != changed('rgb_noise', seed=1).rgb).any()


@pytest.mark.parametrize('share', [30, 50, 70])
def test_missing_blinds_exactly_its_share_of_the_samples(share: int) -> None:
    assert Counter(plan(f'missing_rgb_{share}', 100)) == {
        'blind rgb': share, 'both': 100 - share}
    assert Counter(plan(f'missing_both_{share}', 100)) == {
        'blind rgb': share / 2, 'blind depth': share / 2, 'both': 100 - share}


def test_a_larger_missing_share_holds_the_smaller_and_the_seed_chooses() -> None:
    few, many = plan('missing_depth_30', 60), plan('missing_depth_70', 60)
    assert all(b == 'blind depth' for a, b in zip(few, many, strict=True) if a == 'blind depth')
    assert few != plan('missing_depth_30', 60, seed=1)


def test_a_fault_of_a_sensor_that_is_not_there_changes_nothing() -> None:
    colour_only = Frame(stamp=0, rgb=frame().rgb)
    assert degraded('holes_30', colour_only, colour_only, 'good/000') is colour_only


def test_the_input_is_left_as_it_was() -> None:
    given = frame()
    for variant in VARIANTS:
        degraded(variant, given, frame(1), 'good/000')
    np.testing.assert_array_equal(given.rgb, frame().rgb)
    np.testing.assert_array_equal(given.depth, frame().depth)


def test_every_condition_can_be_described_and_an_unknown_one_is_named() -> None:
    texts = [conditions.describe(name) for name in CONDITIONS]
    assert len(set(texts)) == len(texts)
    assert conditions.describe('holes_30') == 'holes depth 0.3'
    with pytest.raises(conditions.ConditionError, match="no condition 'fog'; known: both"):
        conditions.check(('both', 'fog'))
