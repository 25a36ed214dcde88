"""The simulator's promises: one pinhole, exact masks, the same bytes for the same arguments."""

from __future__ import annotations

import numpy as np
import pytest

from dcmd_ros.simulation import DEFECTS, KINDS, SimulatedFrame, SimulationError, simulate
from dcmd_ros.simulation.simulator import arrange

SMALL = (320, 240)
kinds = pytest.mark.parametrize('kind', KINDS)
defects = pytest.mark.parametrize('defect', DEFECTS)


def same(a: SimulatedFrame, b: SimulatedFrame) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name))
               for name in ('rgb', 'depth', 'mask', 'part'))


@kinds
def test_the_same_arguments_give_the_same_bytes_in_any_order(kind: str) -> None:
    first = [simulate(5, kind, index, 'dent', SMALL) for index in (0, 1)]
    again = [simulate(5, kind, index, 'dent', SMALL) for index in (1, 0)]
    assert same(first[0], again[1]) and same(first[1], again[0])


@kinds
def test_seed_index_and_tick_each_change_the_picture(kind: str) -> None:
    reference = simulate(1, kind, 0, None, SMALL)
    for other in (simulate(2, kind, 0, None, SMALL), simulate(1, kind, 1, None, SMALL),
                  simulate(1, kind, 0, None, SMALL, tick=1)):
        assert not np.array_equal(reference.rgb, other.rgb)
        assert not np.array_equal(reference.depth, other.depth)


@kinds
def test_a_tick_changes_the_noise_only(kind: str) -> None:
    one, two = (simulate(1, kind, 0, 'cut', SMALL, tick=tick) for tick in (0, 1))
    assert np.array_equal(one.true_depth, two.true_depth)
    assert np.array_equal(one.mask, two.mask)


@kinds
@defects
def test_outside_the_mask_the_scene_is_that_of_the_good_part(kind: str, defect: str) -> None:
    good, bad = arrange(7, kind, 3, None, SMALL), arrange(7, kind, 3, defect, SMALL)
    assert 12 <= bad.mask.sum() < 0.6 * good.scene.part.sum()
    off = ~bad.mask
    assert np.abs(good.scene.height - bad.scene.height)[off].max() <= 2e-4
    assert np.abs(good.scene.albedo - bad.scene.albedo).max(0)[off].max() <= 0.0101


@kinds
@pytest.mark.parametrize('defect', [d for d in DEFECTS if DEFECTS[d] == 'appearance'])
def test_a_defect_of_appearance_leaves_depth_as_it_was(kind: str, defect: str) -> None:
    good, bad = simulate(7, kind, 3, None, SMALL), simulate(7, kind, 3, defect, SMALL)
    assert np.array_equal(good.depth, bad.depth)
    assert not np.array_equal(good.rgb, bad.rgb)


@kinds
@pytest.mark.parametrize('defect', [d for d in DEFECTS if DEFECTS[d] == 'geometry'])
def test_a_defect_of_geometry_leaves_the_colour_of_the_material(kind: str, defect: str) -> None:
    good, bad = arrange(7, kind, 3, None, SMALL), arrange(7, kind, 3, defect, SMALL)
    assert good.surface is not None and bad.surface is not None
    assert np.array_equal(good.surface.albedo, bad.surface.albedo)
    assert not np.array_equal(good.surface.height, bad.surface.height)


@kinds
@pytest.mark.parametrize('defect', [d for d in DEFECTS if DEFECTS[d] == 'both'])
def test_a_defect_of_both_changes_both(kind: str, defect: str) -> None:
    good, bad = arrange(7, kind, 3, None, SMALL), arrange(7, kind, 3, defect, SMALL)
    assert np.abs(good.scene.height - bad.scene.height).max() > 1.5e-3
    assert np.abs(good.scene.albedo - bad.scene.albedo).max() > 0.05


@kinds
def test_an_empty_station_has_no_part_and_no_mask(kind: str) -> None:
    frame = simulate(1, kind, 0, 'dent', SMALL, empty=True)
    assert frame.label == 'empty' and not frame.part.any() and not frame.mask.any()


@kinds
def test_a_part_is_wholly_in_view_unless_shifted(kind: str) -> None:
    for index in range(12):
        part = arrange(3, kind, index, None, SMALL).scene.part
        assert part.any()
        assert not (part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any())
    assert arrange(3, kind, 0, None, SMALL, shift=0.2).scene.part[:, -1].any()
    assert not arrange(3, kind, 0, None, SMALL, shift=0.5).scene.part.any()


@kinds
def test_parts_differ_in_pose_and_lots_in_colour(kind: str) -> None:
    shots = [arrange(3, kind, index, None, SMALL) for index in (0, 1, 2, 60)]
    limits = KINDS[kind]
    for shot in shots:
        assert abs(shot.pose.x) <= limits.reach[0] and abs(shot.pose.y) <= limits.reach[1]
        assert abs(shot.pose.yaw) <= limits.yaw
    assert len({shot.pose for shot in shots}) == 4
    colours = [shot.surface.albedo.mean((1, 2)) for shot in shots if shot.surface is not None]
    assert np.abs(colours[0] - colours[1]).max() < 0.005 < np.abs(colours[0] - colours[3]).max()


@pytest.mark.parametrize('arguments, word', [
    ({'kind': 'teapot'}, 'teapot'), ({'defect': 'rust'}, 'rust'), ({'seed': -1}, '-1'),
    ({'size': (60, 480)}, '60x480'), ({'size': (640, 40)}, '640x40')])
def test_impossible_requests_are_refused_by_name(arguments: dict[str, object], word: str) -> None:
    with pytest.raises(SimulationError, match=word):
        simulate(**{'seed': 0, **arguments})  # type: ignore[arg-type]
