"""The benchmark that leaves out parts of the network."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from detector_rig import frame_of, frames_of, has_hole, tiny_model

from dcmd_ros.frame import MODES, Mode
from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint


@pytest.fixture(scope='module')
def program(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('ablation')


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return load_checkpoint(tiny_model(tmp_path_factory.mktemp('model')))


def test_rows_that_come_to_the_same_stand_once(program: ModuleType) -> None:
    rows = {mode: [name for name, _ in program.rows_of(mode)] for mode in MODES}
    assert rows['both'] == list(program.ROWS)
    assert rows['rgb_only'] == ['intra students', 'memories', 'intra students, memories',
                                '+ confidence', 'neighbours']
    assert rows['depth_only'] == ['intra students', 'memories', 'intra students, memories',
                                  '+ slopes', '+ confidence', 'neighbours']


def test_each_row_is_judged_by_its_own_maps(program: ModuleType, model: Checkpoint) -> None:
    eyes = program.Eyes(model)
    eyes.learn(frames_of(range(6)))
    held = [eyes.look(frame_of(seed)) for seed in range(200, 208)]
    truth = np.zeros((96, 96), bool)
    truth[42:54, 48:60] = True
    tested = [eyes.look(frame_of(seed)) for seed in range(300, 306)]
    tested += [eyes.look(has_hole(frame_of(seed)), True, truth) for seed in range(306, 312)]
    kept = tested[0].seen['both']
    assert program.chosen(kept, program.ROWS['memories']).maps.keys() == {
        'rgb_memory', 'depth_memory'}
    mode: Mode = 'both'
    told = {name: program.figures(row, mode, program.scales_for(row, model, held), eyes,
                                  tested) for name, row in program.rows_of(mode)}
    assert told['neighbours']['i_auroc'] > 0.9 and told['+ confidence']['i_auroc'] > 0.9
    assert len({round(each['aupro'], 6) for each in told.values()}) > 3


def test_neighbours_of_a_learnt_part_are_its_own_places(
        program: ModuleType, model: Checkpoint) -> None:
    eyes = program.Eyes(model)
    eyes.learn(frames_of(range(4)))
    seen = eyes.look(frames_of(range(4))[2]).seen['both']
    other = eyes.look(frame_of(250)).seen['both']
    for name in program.NEIGHBOURS:
        inside = seen.seen > 0
        assert float(seen.maps[name][inside].median()) < 0.05
        assert float(other.maps[name][other.seen > 0].median()) > 0.5
