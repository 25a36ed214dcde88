"""Which way wide stretches of a part face."""

from __future__ import annotations

import pytest
import torch

from dcmd_ros.network.fusion import LEVEL, Scale, evidence, sloped
from dcmd_ros.network.slopes import Slopes, described
from dcmd_ros.training.features import Features
from dcmd_ros.training.remember import remembered_slopes

SIZE = 128
PART = torch.zeros(1, SIZE, SIZE, dtype=torch.bool)
PART[:, 16:112, 16:112] = True
FLAP = torch.zeros(SIZE, SIZE, dtype=torch.bool)
FLAP[16:112, 72:112] = True


def facing(x: torch.Tensor | float, y: float = 0.0) -> torch.Tensor:
    """(1, 3, S, S) normals of these slopes on the part, upright elsewhere."""
    normals = torch.zeros(1, 3, SIZE, SIZE)
    normals[:, 0], normals[:, 1] = torch.as_tensor(x) * PART, y * PART
    normals[:, 2] = (1 - normals[:, 0] ** 2 - normals[:, 1] ** 2).sqrt()
    return normals


def flat() -> Slopes:
    """Knows only parts that lie flat."""
    return Slopes(20)


def test_a_slope_is_what_it_is_and_only_where_it_is_whole() -> None:
    valid = torch.ones_like(PART)
    valid[:, 60, 60] = False
    places, inner = described(facing(0.2, -0.1), PART & valid)
    assert places.shape == (1, 4, 16, 16) and inner.shape == (1, 16, 16)
    wanted = torch.tensor([0.2, -0.1, 0.2, -0.1])
    torch.testing.assert_close(places[0, :, 5, 5], wanted, atol=1e-3, rtol=0)
    assert int(inner.sum()) == 12 * 12 - 1 and not bool(inner[0, 7, 7])


def test_a_bent_flap_is_odd_and_what_lies_flat_is_not() -> None:
    found = flat()(facing(0.25 * FLAP), PART, torch.ones_like(PART))
    assert found.shape == (1, 1, SIZE // 4, SIZE // 4)
    assert float(found[0, 0, 16, 24]) == pytest.approx(0.25 * 2 ** 0.5, abs=0.02)
    assert float(found[0, 0, 16, 8]) < 0.02
    assert float(found[0, 0, 0, 0]) == 0.0


def test_what_is_known_is_not_odd() -> None:
    slopes, normals = flat(), facing(0.25 * FLAP)
    places, inner = described(normals, PART)
    slopes.bank = places.permute(0, 2, 3, 1)[inner]
    assert float(slopes(normals, PART, torch.ones_like(PART)).max()) == 0.0


def test_noise_is_less_odd_than_a_flap_of_a_tenth_of_it() -> None:
    torch.manual_seed(0)
    noise = flat()(facing(0.2 * torch.randn(SIZE, SIZE).clamp(-2, 2)), PART,
                   torch.ones_like(PART))
    flap = flat()(facing(0.02 * FLAP), PART, torch.ones_like(PART))
    assert float(noise.max()) < float(flap.max())


def test_for_export_all_places_are_compared_and_the_answer_is_the_same() -> None:
    slopes, everywhere = flat(), flat()
    everywhere.everywhere = True
    given = facing(0.25 * FLAP, 0.1), PART, torch.ones_like(PART)
    torch.testing.assert_close(everywhere(*given), slopes(*given))


def test_an_odd_slope_draws_evidence_up_by_its_weight_and_never_down() -> None:
    found, odd = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([0.3, 0.2, 0.1])
    scale = Scale(slopes=(0.1, 0.2))
    torch.testing.assert_close(sloped(found, odd, scale, torch.ones(3)),
                               torch.tensor([6 * LEVEL, LEVEL, 1.0]))
    torch.testing.assert_close(sloped(found, odd, scale, torch.full((3,), 0.5)),
                               torch.tensor([3 * LEVEL + 0.5, LEVEL / 2 + 0.5, 1.0]))
    assert sloped(found, odd, Scale(), torch.ones(3)) is found


@pytest.mark.parametrize('mode', ['both', 'depth_only'])
def test_where_depth_is_missing_or_not_trusted_no_slope_is_evidence(mode: str) -> None:
    usual = {'rgb': (0.0, 1.0), 'depth': (0.0, 1.0)}
    scales = {m: Scale(usual if m == 'both' else {m.removesuffix('_only'): (0.0, 1.0)},
                       slopes=(0.1, 0.2)) for m in
              ('both', 'rgb_only', 'depth_only')}
    maps = {name: torch.zeros(1, 1, 32, 32) for name in usual}
    odd, part = torch.full((1, 1, 32, 32), 0.2), torch.ones_like(PART)
    valid = part.clone()
    valid[:, :64] = False

    def largest(valid: torch.Tensor, trust: float) -> torch.Tensor:
        told = {m: torch.full((1, 1, 16, 16), trust if m == 'depth' else 1.0)
                for m in ('rgb', 'depth')}
        return evidence(maps, mode, scales, part, valid, told, odd)[0][0, 0]  # type: ignore[arg-type]

    assert float(largest(part, 1.0).min()) == pytest.approx(LEVEL)
    assert float(largest(valid, 1.0)[:10].abs().max()) == 0.0 or mode == 'depth_only'
    assert float(largest(valid, 1.0)[-4:].min()) > 0.8 * LEVEL
    assert float(largest(part, 0.5).max()) == pytest.approx(
        {'both': LEVEL * 0.5 ** 8, 'depth_only': LEVEL / 2}[mode])


def test_slopes_are_remembered_where_they_are_whole() -> None:
    slopes = torch.full((3, 4, 8, 8), torch.nan)
    slopes[0, :, 2, 2], slopes[1, :, 3, 3], slopes[2, :, 1, 1] = 0.1, 0.2, 0.9
    some = Features({}, PART, slopes)
    bank = remembered_slopes(some, [0, 1], 6, 0)
    assert bank.shape == (6, 4) and sorted(set(bank.flatten().tolist())) == pytest.approx(
        [0.1, 0.2])
    assert not remembered_slopes(Features({}, PART, slopes[:1] * torch.nan), [0], 5, 0).any()
