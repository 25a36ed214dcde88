"""From residual maps to evidence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dcmd_ros.frame import Intrinsics, Mode
from dcmd_ros.network.anomaly_map import alarm_mask, anomaly_map, score_of, without_specks
from dcmd_ros.network.fitting import Fitting
from dcmd_ros.network.fusion import Scale, evidence, measured
from dcmd_ros.network.preparation import View

CELLS, SIZE = 16, 64
USUAL = {'rgb': (1.0, 0.5), 'depth': (1.0, 0.5), 'rgb_to_depth': (1.0, 0.5),
         'depth_to_rgb': (1.0, 0.5)}
SCALES = {'both': Scale(USUAL), 'rgb_only': Scale({'rgb': (1.0, 0.5)}, centre=7.0),
          'depth_only': Scale({'depth': (1.0, 0.5)})}
PART = torch.ones(1, SIZE, SIZE, dtype=torch.bool)
VIEW = View(Intrinsics(80, 60, 50, 50, 40, 30), (10, -4, 64), SIZE, 1.0, 100.0, (0, 0, 0))
SAME = Fitting(VIEW.intrinsics, (80, 60), (1.0, 1.0), (0.0, 0.0))


def maps(**strong: float) -> dict[str, torch.Tensor]:
    found = {name: torch.ones(1, 1, CELLS, CELLS) for name in USUAL}
    for name, value in strong.items():
        found[name][..., 4:7, 4:7] = value
    return found


def with_gap() -> torch.Tensor:
    valid = PART.clone()
    valid[:, 16:28, 16:28] = False
    return valid


def test_either_sensor_alone_can_raise_the_alarm() -> None:
    for name in USUAL:
        found, _ = evidence(maps(**{name: 9.0}), 'both', SCALES, PART, PART)
        assert found.max() > 5 and found.argmax() in [5 * CELLS + 5]


def test_where_depth_is_missing_it_is_no_evidence_whatever_the_maps_say() -> None:
    plain, seen = evidence(maps(), 'both', SCALES, PART, with_gap())
    loud, _ = evidence(maps(depth=99.0, rgb_to_depth=99.0, depth_to_rgb=99.0), 'both', SCALES,
                       PART, with_gap())
    assert bool((seen > 0).all())
    torch.testing.assert_close(plain, loud)


def test_where_depth_is_missing_colour_speaks_by_its_own_scale() -> None:
    found, _ = evidence(maps(), 'both', SCALES, PART, with_gap())
    assert float(found[0, 0, 5, 5]) == -7.0 and float(found[0, 0, 12, 12]) > -0.5


def test_colour_takes_over_further_around_a_large_gap_than_around_a_speck() -> None:
    large, small = PART.clone(), PART.clone()
    large[:, :, :24] = False
    small[:, 28:32, 20:24] = False
    shares = []
    for valid in (large, small):
        found, _ = evidence(maps(), 'both', SCALES, PART, valid)
        shares.append(-found[0, 0, 7, 5:] / 7)
        assert bool((shares[-1].diff() <= 0).all()) and float(shares[-1][-1]) < 0.1
    assert float(shares[0][3]) == 1.0 and float(shares[1][3]) < 0.1


def test_without_colour_nothing_is_said_far_from_what_was_measured() -> None:
    valid = PART.clone()
    valid[..., :40] = False
    _, seen = evidence({'depth': maps()['depth']}, 'depth_only', SCALES, PART, valid)
    assert not bool(seen[0, 0, :, :6].any()) and bool(seen[0, 0, :, 9:].all())


def test_without_colour_a_gap_has_the_evidence_of_what_was_measured_around_it() -> None:
    for loud, expected in (({'depth': 99.0}, 0.0), ({}, 0.0)):
        found, seen = evidence({'depth': maps(**loud)['depth']}, 'depth_only', SCALES, PART,
                               with_gap())
        assert bool(seen.all())
        torch.testing.assert_close(found[0, 0, 4:7, 4:7], torch.full((3, 3), expected))
    around = {'depth': maps()['depth']}
    around['depth'][..., 2, 5] = 9.0
    found, _ = evidence(around, 'depth_only', SCALES, PART, with_gap())
    assert 0 < float(found[0, 0, 4:7, 4:7].max()) < float(found.max())


def test_what_was_measured_is_known_however_thin_it_is() -> None:
    bar = torch.zeros_like(PART)
    bar[:, 20:24, 8:56] = True
    _, seen = evidence({'depth': maps()['depth']}, 'depth_only', SCALES, bar, bar)
    assert float(seen.sum()) == 12


def test_the_edge_of_missing_depth_is_no_evidence_either() -> None:
    seen = measured(PART, with_gap(), CELLS)
    assert not bool(seen[0, 0, 3:8, 3:8].any()) and bool(seen[0, 0, 2].all())


def trusted(rgb: float = 1.0, depth: float = 1.0) -> dict[str, torch.Tensor]:
    """Confidence on a grid of 8 cells, as given in the left half, 1 in the right one."""
    found = {'rgb': torch.ones(1, 1, 8, 8), 'depth': torch.ones(1, 1, 8, 8)}
    found['rgb'][..., :4], found['depth'][..., :4] = rgb, depth
    return found


def test_full_trust_changes_nothing() -> None:
    loud = maps(rgb=9.0, depth_to_rgb=5.0)
    plain, _ = evidence(loud, 'both', SCALES, PART, with_gap())
    found, _ = evidence(loud, 'both', SCALES, PART, with_gap(), trusted())
    torch.testing.assert_close(found, plain)


def test_where_a_sensor_is_not_trusted_the_other_one_speaks_by_its_own_scale() -> None:
    loud = maps(rgb=99.0, rgb_to_depth=99.0, depth_to_rgb=99.0)
    blind, seen = evidence(loud, 'both', SCALES, PART, PART, trusted(rgb=0.0))
    assert float(blind[..., :7].abs().max()) < 1e-5 and bool((seen > 0).all())
    loud = maps(depth=99.0, rgb_to_depth=99.0, depth_to_rgb=99.0)
    blind, _ = evidence(loud, 'both', SCALES, PART, PART, trusted(depth=0.0))
    assert float((blind[..., :7] + 7.0).abs().max()) < 1e-5


def test_trust_in_colour_shares_out_the_two_scales() -> None:
    quiet = {**SCALES, 'depth_only': Scale({'depth': (1.0, 0.5)}, centre=7.0)}
    for trust in (0.25, 0.5, 0.75):
        found, _ = evidence(maps(), 'both', quiet, PART, PART, trusted(rgb=trust))
        assert float(found[0, 0, 5, 2]) == pytest.approx(-7.0 * (1 - trust ** 1.5))


def test_colour_takes_over_sooner_than_depth() -> None:
    found, _ = evidence(maps(), 'both', SCALES, PART, PART, trusted(depth=0.5))
    assert float(found[0, 0, 5, 2]) == pytest.approx(-7 * (1 - 0.5 ** 8))


def doubted(**by_statistics: float) -> torch.Tensor:
    return torch.tensor([[by_statistics.get(m, 1.0) for m in ('rgb', 'depth')]])


@pytest.mark.parametrize(('doubt', 'left'), [
    ({'rgb': 0.25}, 0.5), ({'depth': 0.25}, 0.5), ({'rgb': 0.25, 'depth': 0.25}, 0.25)])
def test_what_statistics_doubt_draws_all_evidence_to_the_usual(
        doubt: dict[str, float], left: float) -> None:
    loud = maps(rgb=9.0, depth_to_rgb=5.0, depth=4.0)
    plain, _ = evidence(loud, 'both', SCALES, PART, with_gap(), trusted(rgb=0.5))
    found, seen = evidence(loud, 'both', SCALES, PART, with_gap(), trusted(rgb=0.5), None,
                           doubted(**doubt))
    torch.testing.assert_close(found, left * plain)
    assert bool((seen > 0).all())


def test_what_statistics_doubt_takes_weight_from_odd_slopes() -> None:
    scales = {**SCALES, 'both': Scale(USUAL, slopes=(0.0, 1.0))}
    odd = torch.full((1, 1, CELLS, CELLS), 2.0)
    plain, _ = evidence(maps(), 'both', scales, PART, PART, trusted(), odd)
    found, _ = evidence(maps(), 'both', scales, PART, PART, trusted(), odd, doubted(rgb=0.25))
    assert float(plain.min()) > 10
    torch.testing.assert_close(found, 0.5 * plain)


def test_where_neither_sensor_is_trusted_there_is_no_evidence() -> None:
    loud = maps(rgb=99.0, depth=99.0)
    found, _ = evidence(loud, 'both', SCALES, PART, PART, trusted(rgb=0.0, depth=0.0))
    assert float(found[..., :7].abs().max()) < 1e-5


@pytest.mark.parametrize(('mode', 'name'), [('rgb_only', 'rgb'), ('depth_only', 'depth')])
def test_a_single_sensor_says_as_much_as_it_is_trusted(mode: Mode, name: str) -> None:
    loud = {name: maps(**{name: 9.0})[name]}
    plain, _ = evidence(loud, mode, SCALES, PART, PART)
    found, _ = evidence(loud, mode, SCALES, PART, PART, trusted(**{name: 0.25}))
    torch.testing.assert_close(found[..., :7], 0.25 * plain[..., :7])
    torch.testing.assert_close(found[..., 9:], plain[..., 9:])
    odd, _ = evidence(loud, mode, SCALES, PART, PART, trusted(**{name: 0.25}), None,
                      torch.tensor([[0.25]]))
    torch.testing.assert_close(odd, 0.5 * found)


def test_off_the_part_nothing_counts() -> None:
    part = PART.clone()
    part[:, :, 32:] = False
    strong = {'rgb': torch.ones(1, 1, CELLS, CELLS)}
    strong['rgb'][..., 12:] = 99.0
    found, seen = evidence(strong, 'rgb_only', SCALES, part, None)
    assert float(found[seen > 0].max()) == -7.0


def test_the_score_increases_strictly_and_never_saturates() -> None:
    u = np.concatenate([-np.geomspace(1e4, 1e-3, 50), [0], np.geomspace(1e-3, 1e3, 50)])
    scores = score_of(u)
    assert (np.diff(scores) > 0).all() and scores[0] > 0 and scores[-1] < 1
    assert scores[50] == 0.5


def test_the_map_is_zero_off_the_part_and_nan_where_nothing_is_known() -> None:
    part = np.zeros((SIZE, SIZE), bool)
    part[16:48, 16:48] = True
    known = np.ones((CELLS, CELLS), bool)
    known[:, :8] = False
    found = anomaly_map(np.zeros((CELLS, CELLS), np.float32), known, part, VIEW, SAME)
    assert found.shape == (60, 80) and found.dtype == np.float32
    assert np.isnan(found[28, 30]) and found[28, 50] == 0.5 and found[2, 2] == 0
    assert np.isnan(anomaly_map(None, None, part, VIEW, SAME)[28, 50])


def test_specks_are_squeezed_below_the_threshold_in_order() -> None:
    scores = np.full((20, 20), 0.1, np.float32)
    scores[2, 2], scores[2, 9], scores[10:16, 10:16] = 0.9, 0.7, 0.6
    scores[0, 0] = np.nan
    kept = without_specks(scores, 4)
    assert 0.498 <= kept[2, 9] < kept[2, 2] < 0.5 and kept[12, 12] == np.float32(0.6)
    assert (alarm_mask(kept) > 0).sum() == 36 and np.isnan(kept[0, 0])
    assert np.array_equal(without_specks(scores, 0), scores, equal_nan=True)
