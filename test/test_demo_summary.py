import math

import pytest

from dcmd_ros.commands.demo_summary import Seen, join, recovery, summarise, table
from dcmd_ros.nodes.observer import Result


def result(stamp: str = '1', verdict: str = 'good', score: float = 0.2, mode: str = 'both',
           arrival: float = 0.0) -> Result:
    return Result(stamp, verdict, score, mode, mode != 'both', 5.0, {'rgb': 1.0, 'depth': 1.0},
                  {'rgb': 'ok', 'depth': 'ok'}, arrival)


def seen(label: str, score: float, mode: str = 'both') -> Seen:
    return Seen(result(verdict='anomalous' if score >= 0.5 else 'good', score=score, mode=mode),
                label)


ALL_RIGHT = [seen(label, score, mode) for mode in ('both', 'rgb_only', 'depth_only')
             for label, score in (('good', 0.2), ('crack', 0.8))]


def test_a_right_run_is_ok() -> None:
    summary = summarise(ALL_RIGHT, [0.2, 0.3], 0)
    assert summary.ok and summary.recover_s == 0.3
    assert summary.i_auroc == {'both': 1.0, 'rgb_only': 1.0, 'depth_only': 1.0}


@pytest.mark.parametrize('extra, recoveries, unaccounted', [
    ([seen('crack', 0.1)] * 9, [0.2], 0),
    ([seen('good', 0.6)], [0.2], 0),
    ([], [3.1], 0),
    ([], [math.inf], 0),
    ([], [0.2], 1),
])
def test_each_limit_alone_spoils_it(
        extra: list[Seen], recoveries: list[float], unaccounted: int) -> None:
    assert not summarise([*ALL_RIGHT, *extra], recoveries, unaccounted).ok


@pytest.mark.filterwarnings('ignore')
def test_a_mode_that_never_came_is_not_ok() -> None:
    assert not summarise([s for s in ALL_RIGHT if s.result.mode != 'rgb_only'], [0.1], 0).ok


def test_a_defect_that_the_mode_cannot_see_does_not_count() -> None:
    blind = [seen('stain', 0.1, 'depth_only'), seen('dent', 0.1, 'rgb_only')]
    assert summarise([*ALL_RIGHT, *blind], [0.1], 0).ok
    assert '(0/1)' in table(summarise([*ALL_RIGHT, *blind], [0.1], 0))


def test_results_join_the_truth_by_stamp() -> None:
    joined = join([result('1'), result('2')], {'2': {'label': 'stain'}})
    assert [(s.result.stamp, s.label) for s in joined] == [('2', 'stain')]


def test_recovery_counts_from_the_return_to_the_first_pair() -> None:
    results = [result(arrival=1.0), result(arrival=5.1, mode='rgb_only'), result(arrival=5.4)]
    assert recovery(results, 5.0) == pytest.approx(0.4)
    assert recovery(results, 6.0) == math.inf
