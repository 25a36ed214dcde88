"""The memory: distances to what good parts showed, and which places it keeps."""

from __future__ import annotations

import torch

from dcmd_ros.network.memory import Memory, described
from dcmd_ros.network.student import Standardiser
from dcmd_ros.training.features import Features
from dcmd_ros.training.remember import remembered

CHANNELS = (2, 3, 4)
SIZE = 64
PART = torch.zeros(2, SIZE, SIZE, dtype=torch.bool)
PART[:, :32] = True


def features(seed: int, count: int = 2) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(count, c, SIZE // s, SIZE // s, generator=generator)
            for c, s in zip(CHANNELS, (4, 8, 16), strict=True)]


def places(found: list[torch.Tensor]) -> torch.Tensor:
    return described(found).permute(0, 2, 3, 1).flatten(0, 2)


def test_what_it_holds_is_near_and_what_it_lacks_is_as_far_as_it_differs() -> None:
    shown = features(0)
    memory = Memory(CHANNELS, 128)
    memory.bank = places(shown)
    everywhere = torch.ones_like(PART)
    assert float(memory(shown, everywhere).max()) < 2e-3
    found = memory(features(1), everywhere)
    exact = torch.cdist(places(features(1)), memory.bank).amin(1).view(2, 1, 8, 8)
    assert found.shape == (2, 1, 8, 8) and float(exact.min()) > 0.1
    torch.testing.assert_close(found, exact, atol=1e-3, rtol=1e-3)


def test_off_the_part_it_says_nothing() -> None:
    memory = Memory(CHANNELS, 4)
    memory.bank += 9
    found = memory(features(0), PART)
    assert bool((found[:, :, :4] > 0).all()) and not bool(found[:, :, 4:].any())


def test_it_describes_a_place_at_two_strides() -> None:
    shown = features(0)
    told = described(shown)
    assert told.shape == (2, 7, 8, 8)
    assert torch.equal(told[0, :3, 4, 5], shown[1][0, :, 4, 5])
    assert told[0, 3:, 4, 5].ne(told[0, 3:, 0, 0]).all()
    other = [shown[0] + 1, shown[1], shown[2]]
    torch.testing.assert_close(described(other), told)


def gathered(values: torch.Tensor) -> Features:
    """Features that are one value throughout a frame."""
    flat = [values.view(-1, 1, 1, 1).expand(-1, c, SIZE // s, SIZE // s).half()
            for c, s in zip(CHANNELS, (4, 8, 16), strict=True)]
    part = PART[:1].expand(len(values), -1, -1)
    return Features({'rgb': flat, 'depth': flat}, part, torch.zeros(len(values), 4, 8, 8))


def test_the_most_unlike_places_are_kept_each_once() -> None:
    shown = gathered(torch.tensor([0.0, 0.01, 0.02, 5.0, 9.0]))
    bank = remembered(shown, range(5), 'rgb', Standardiser(CHANNELS), 3, 0)
    kept = sorted(round(float(row[3])) for row in bank)
    assert bank.shape == (3, 7) and kept == [0, 5, 9]


def test_frames_that_are_left_out_leave_nothing_in_the_memory() -> None:
    shown = gathered(torch.tensor([1.0, 2.0, 50.0]))
    bank = remembered(shown, [0, 1], 'depth', Standardiser(CHANNELS), 20, 0)
    assert bank.shape == (20, 7) and float(bank.max()) < 3


def test_fewer_places_than_it_holds_come_again() -> None:
    shown = features(3, 1)
    some = Features({'rgb': [f.half() for f in shown], 'depth': shown}, PART[:1],
                    torch.zeros(1, 4, 8, 8))
    bank = remembered(some, [0], 'rgb', Standardiser(CHANNELS), 50, 0)
    assert bank.shape == (50, 7) and len(torch.unique(bank, dim=0)) == 32
