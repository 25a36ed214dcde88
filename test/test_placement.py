"""Whether colour and depth see the part in the same place, and what becomes of depth if not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcmd_ros.inspector import Inspector
from dcmd_ros.network.placement import Mask, placement
from dcmd_ros.network.quality import TRUSTED, confidence
from dcmd_ros.sensing.faults import corrupt
from dcmd_ros.simulation import simulate

CELLS, SIDE = 64, 256  # 4 pixels to a cell
TURNED = Path(__file__).parent.parent / 'models' / 'dcmd_turned_best.pth'


def part(across: float = 0.0, down: float = 0.0) -> Mask:
    """An ellipse, so that no direction is like another."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return ((columns - 128 - across) / 80) ** 2 + ((rows - 120 - down) / 60) ** 2 < 1


EVERYWHERE = np.ones((SIDE, SIDE), bool)


@pytest.mark.parametrize(('across', 'down'), [(4, 0), (0, 4), (-3, 2), (1, -1), (0, 0)])
def test_the_offset_is_that_of_colour_from_depth_in_cells(across: int, down: int) -> None:
    found = placement(part(across, down), part(), EVERYWHERE, CELLS)
    assert found['across'] == pytest.approx(across / 4, abs=0.1)
    assert found['down'] == pytest.approx(down / 4, abs=0.1)


@pytest.mark.parametrize('share', [0.1, 0.3, 0.5])
def test_what_is_unknown_does_not_move_it(share: float) -> None:
    depth = np.ones((SIDE, SIDE), np.float32)
    known = corrupt(depth, 'depth', 'holes', share, np.random.default_rng(3)) > 0
    assert known.mean() == pytest.approx(1 - share, abs=0.02)
    for across in (0, 4):
        found = placement(part(across), part() & known, known, CELLS)
        assert found['across'] == pytest.approx(across / 4, abs=0.2)
        assert found['down'] == pytest.approx(0, abs=0.15)


def test_a_bite_out_of_both_is_no_offset_and_out_of_one_a_small_one() -> None:
    bite = part()
    bite[100:124, 40:70] = False
    both = placement(bite, bite, EVERYWHERE, CELLS)
    one = placement(part(), bite, EVERYWHERE, CELLS)
    assert max(abs(both['across']), abs(both['down'])) < 1e-6
    assert max(abs(one['across']), abs(one['down'])) < 0.5


def test_without_a_part_nothing_is_said() -> None:
    nothing = np.zeros((SIDE, SIDE), bool)
    for colour, depth, known in ((nothing, nothing, EVERYWHERE), (part(), part(), nothing)):
        assert placement(colour, depth, known, CELLS) == {
            'disagreement': 0, 'across': 0, 'down': 0}
    assert placement(part(), nothing, EVERYWHERE, CELLS)['disagreement'] == 1


def test_trust_falls_by_what_is_beyond_the_usual_range_on_either_side() -> None:
    usual = {'across': (-0.2, 0.4)}
    trust = [confidence({'across': value}, usual) for value in (-0.36, -0.2, 0.4, 0.56, 0.72)]
    assert trust == pytest.approx([1 / 2, 1, 1, 1 / 2, 1 / 16])


def test_depth_that_lies_beside_colour_is_left_out() -> None:
    inspector = Inspector(TURNED, device='cpu')
    for index in range(8):
        made = simulate(4711, 'turned', index)
        frame = made.frame(index)
        moved = corrupt(made.depth, 'depth', 'misregister', 4.0, np.random.default_rng(index))
        found = inspector.inspect(replace(frame, depth=moved))
        alone = inspector.inspect(replace(frame, depth=None))
        assert inspector.inspect(frame).confidence['depth'] > 0.7
        assert found.confidence['depth'] < TRUSTED < 0.7 < found.confidence['rgb']
        assert (found.verdict, found.score) == (alone.verdict, alone.score)
