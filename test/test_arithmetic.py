"""The benchmark that counts multiply-accumulates, and the budget that it watches."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import nn

from dcmd_ros.network.dcmd import DcmdConfig
from dcmd_ros.network.memory import Memory


@pytest.fixture(scope='module')
def arithmetic(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('arithmetic')


def test_a_convolution_counts_its_outputs_times_what_each_sums(arithmetic: ModuleType) -> None:
    layer = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1, groups=8))
    with arithmetic.Count(layer) as count:
        layer(torch.zeros(1, 3, 16, 16))
    assert count.total == 8 * 8 * (8 * 3 * 9 + 8 * 9)
    layer(torch.zeros(1, 3, 16, 16))
    assert count.total == 8 * 8 * (8 * 3 * 9 + 8 * 9)


def test_a_memory_counts_the_cells_that_ask(arithmetic: ModuleType) -> None:
    memory, part = Memory((2, 3, 4), 10), torch.zeros(1, 64, 64, dtype=torch.bool)
    part[0, :17, :8] = True
    with arithmetic.Count(memory) as count:
        memory([torch.zeros(1, c, 64 // s, 64 // s) for c, s in ((2, 4), (3, 8), (4, 16))], part)
    assert count.total == 3 * 10 * 7


def test_the_default_network_keeps_to_its_budget(arithmetic: ModuleType) -> None:
    found = arithmetic.counts(DcmdConfig())
    assert 1.2 < found['total'] <= arithmetic.LIMIT
    assert found['total'] == pytest.approx(
        found['teachers'] + found['students'] + found['memories'])
