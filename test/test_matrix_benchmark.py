"""The benchmark that sets the degradation matrix against the better single sensor."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from dcmd_ros.evaluation.conditions import CONDITIONS
from dcmd_ros.evaluation.metrics import i_auroc
from dcmd_ros.evaluation.scores import Score


@pytest.fixture(scope='module')
def matrix(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark('matrix')


def scores(good: list[float], bad: list[float]) -> list[Score]:
    return [Score('x', 'both', str(k), label, value, 'good', 1.0, 1.0, 1.0)
            for k, (label, value) in enumerate(
                [('good', v) for v in good] + [('dent', v) for v in bad])]


def test_wins_are_the_auroc_and_no_verdict_counts_half(matrix: ModuleType) -> None:
    good, bad = [0.1, 0.4, 0.3], [0.35, 0.4, 0.9, 0.05]
    wins = matrix.wins(scores(good, bad))
    assert wins.shape == (4, 3)
    assert wins.mean() == pytest.approx(i_auroc([0] * 3 + [1] * 4, good + bad))
    blind = matrix.wins(scores([0.1, float('nan')], [0.9, float('nan')]))
    assert blind.tolist() == [[1.0, 0.5], [0.5, 0.5]]


def test_every_condition_says_which_sensors_it_spoils(matrix: ModuleType) -> None:
    spoilt = {name: matrix.spoils(name) for name in CONDITIONS}
    assert [name for name, sensors in spoilt.items() if not sensors] == ['both', 'no_rgb',
                                                                         'no_depth']
    assert spoilt['rgb_noise'] == ('rgb',) and spoilt['holes_10'] == ('depth',)
    assert spoilt['missing_both_30'] == ('rgb', 'depth')
    assert spoilt['misregistered'] == spoilt['depth_frozen'] == ('depth',)


def test_the_gain_is_over_the_sensor_that_is_better_on_average(matrix: ModuleType) -> None:
    both, rgb, depth = (np.full((2, 3, 4), value) for value in (0.8, 0.6, 0.7))
    row = matrix.Row('both', both, {'rgb': rgb, 'depth': depth}, [0.9, 0.8], 1)
    assert row.better == 'depth' and row.gain() == pytest.approx(np.full((3, 4), 0.1))
    told = matrix.figures(row)
    assert told['gain'] == pytest.approx([0.1, 0.1, 0.1])
    assert told['alone'] == pytest.approx(0.7) and told['good'] == 8 and told['alarms'] == 1


def test_the_interval_widens_with_what_the_parts_differ_in(matrix: ModuleType) -> None:
    rng = np.random.default_rng(0)
    uneven = np.repeat([[0.0], [1.0]], 10, axis=0) @ np.ones((1, 16))
    low, mean, high = matrix.interval(uneven, rng)
    assert mean == pytest.approx(0.5)
    assert low == pytest.approx(0.5 - 1.96 * 0.5 / 20 ** 0.5, abs=0.06)  # a binomial's of 20
    assert high == pytest.approx(0.5 + 1.96 * 0.5 / 20 ** 0.5, abs=0.06)


def test_an_inspector_alone_is_given_one_sensor(matrix: ModuleType) -> None:
    from detector_rig import frame_of

    class Notes:
        def inspect(self, frame: object) -> object:
            return frame
    for sensor in ('rgb', 'depth'):
        assert matrix.Alone(Notes(), sensor).inspect(frame_of(0)).present == (sensor,)
