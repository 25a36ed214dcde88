"""Weights by made-up defects: who sees them counts more, and without a reason all count alike."""

from __future__ import annotations

import threading
import zlib

import numpy as np
import pytest
import torch
from test_trial import PARTS, PREPARATION

from dcmd_ros.frame import Mode
from dcmd_ros.network.dcmd import BRANCHES, EVIDENCE, MEMORIES
from dcmd_ros.network.detector import Sight
from dcmd_ros.network.fusion import Scale, fused
from dcmd_ros.network.preparation import Prepared
from dcmd_ros.training.weighing import TRIED, weighed, weights

CROSS = {name for name, branch in BRANCHES.items() if branch.cross}


class Witnesses:
    """Maps that are one random value; those that see are higher by 1.5 on what is not good."""

    device = 'cpu'

    def __init__(self, seeing: set[str]) -> None:
        self.seeing, self.now = seeing, threading.local()
        self.good = [self._look(PREPARATION(frame)) for frame in PARTS]

    @staticmethod
    def _look(prepared: Prepared) -> bytes:
        assert prepared.colour is not None and prepared.normals is not None
        return prepared.colour.tobytes() + prepared.normals.tobytes()

    def look(self, prepared: list[Prepared], mode: Mode) -> Sight:
        seen = self._look(prepared[0])
        self.now.bad = seen not in self.good
        self.now.rng = np.random.default_rng(zlib.crc32(seen))
        part, valid = (torch.from_numpy(mask)[None]
                       for mask in (prepared[0].foreground, prepared[0].valid))
        return Sight(mode, {}, part, valid, torch.ones(1, 2), {})

    def maps(self, sight: Sight) -> dict[str, torch.Tensor]:
        return {name: torch.full((1, 1, 16, 16), float(
            self.now.rng.normal() + 1.5 * (self.now.bad and name in self.seeing)))
            for name in EVIDENCE[sight.mode]}


@pytest.mark.parametrize('seeing, best', [
    (CROSS, (2.0, 0.5)), (set(MEMORIES), (0.5, 2.0)), ({*BRANCHES, *MEMORIES}, (1.0, 1.0))])
def test_who_sees_made_up_defects_counts_more(seeing: set[str], best: tuple[float, float]) -> None:
    found = weighed(Witnesses(seeing), PREPARATION, PARTS, 0)  # type: ignore[arg-type]
    assert best in TRIED and found == weights(*best)


def test_a_weight_multiplies_its_map() -> None:
    maps = {'rgb': torch.full((1, 1, 8, 8), 3.0), 'rgb_to_depth': torch.full((1, 1, 8, 8), 2.0)}
    usual = {'rgb': (1.0, 2.0), 'rgb_to_depth': (1.0, 1.0)}
    seen = torch.ones(1, 1, 8, 8)
    found = fused(maps, Scale(usual, weights={'rgb_to_depth': 4.0}), seen)
    torch.testing.assert_close(found[0, 0, 4, 4], torch.tensor(5.0))
    torch.testing.assert_close(fused(maps, Scale(usual), seen)[0, 0, 4, 4], torch.tensor(2.0))
