import math

import pytest

from dcmd_ros.commands.demo_parts import PartSeen, PartsSeen, sight
from dcmd_ros.commands.demo_script import Phase, Played
from dcmd_ros.commands.demo_summary import LYING, Seen, recovery, summarise, table, told_apart
from dcmd_ros.nodes.observer import Result

TRUST = {'both': (1.0, 1.0), 'rgb_only': (1.0, math.nan), 'depth_only': (math.nan, 1.0)}


def result(stamp: str = '1', verdict: str = 'good', score: float = 0.2, mode: str = 'both',
           arrival: float = 0.0, trust: tuple[float, float] | None = None) -> Result:
    rgb, depth = trust or TRUST[mode]
    return Result(stamp, verdict, score, mode, mode != 'both', 5.0, {'rgb': rgb, 'depth': depth},
                  {'rgb': 'ok', 'depth': 'ok'}, arrival)


def label(defect: str = 'good', part: int | None = 0, view: str = 'whole') -> dict[str, object]:
    return {'part': part, 'defect': defect, 'view': view, 'kind': 'turned', 'group': None}


def seen(defect: str, score: float, mode: str = 'both') -> Seen:
    verdict = 'anomalous' if score >= 0.5 else 'good'
    return Seen(PartSeen(label(defect), [result(verdict=verdict, score=score)]), mode)


ALL_RIGHT = [seen(label, score, mode) for mode in ('both', 'rgb_only', 'depth_only')
             for label, score in (('good', 0.2), ('crack', 0.8))]


def test_a_right_run_is_ok() -> None:
    summary = summarise(ALL_RIGHT, {'depth': 0.2, 'rgb': 0.3}, 0)
    assert summary.ok and summary.recover_s == 0.3 and summary.right == 6
    assert summary.i_auroc == {'both': 1.0, 'rgb_only': 1.0, 'depth_only': 1.0}


@pytest.mark.parametrize('extra, recovered, unaccounted', [
    ([seen('crack', 0.1)] * 9, 0.2, 0),
    ([seen('good', 0.6)], 0.2, 0),
    ([], 3.1, 0),
    ([], math.inf, 0),
    ([], 0.2, 1),
])
def test_each_limit_alone_spoils_it(
        extra: list[Seen], recovered: float, unaccounted: int) -> None:
    assert not summarise([*ALL_RIGHT, *extra], {'depth': recovered}, unaccounted).ok


@pytest.mark.filterwarnings('ignore')
def test_a_mode_that_never_came_is_not_ok() -> None:
    assert not summarise([s for s in ALL_RIGHT if s.column != 'rgb_only'], {'d': 0.1}, 0).ok


def test_a_defect_that_the_mode_cannot_see_does_not_count() -> None:
    blind = [seen('stain', 0.1, 'depth_only'), seen('dent', 0.1, 'rgb_only')]
    assert summarise([*ALL_RIGHT, *blind], {'d': 0.1}, 0).ok
    assert '(0/1)' in table(summarise([*ALL_RIGHT, *blind], {'d': 0.1}, 0))


def test_parts_during_which_a_sensor_lied_unnoticed_have_a_column_of_their_own() -> None:
    alarm = seen('good', 0.9, LYING)
    summary = summarise([*ALL_RIGHT, alarm], {'d': 0.1}, 0)
    assert summary.ok and summary.false_alarm_rate == 0
    assert '0/1' in table(summary)


def test_a_part_lies_in_a_phase_by_the_stamps_of_its_frames() -> None:
    lie, true = Phase('frozen', 5, 'freeze depth', lies=True), Phase('both sensors', 5)
    played = [Played('turned', true, 0.0, 10.0, 15.1), Played('turned', lie, 0.0, 15.0)]
    parts = [PartSeen(label(), [result('14.9')]), PartSeen(label(), [result('15.1')]),
             PartSeen(label(), [result('14.9'), result('15.1')]),
             PartSeen(label(), [result('19.0', mode='rgb_only')])]
    assert [s.column for s in told_apart(parts, played)] == ['both', LYING, LYING, 'rgb_only']


def test_results_become_parts_by_the_truth_of_their_stamps(
        capsys: pytest.CaptureFixture[str]) -> None:
    seen = PartsSeen()
    seen.labels = {
        '1': label('dent', 7), '2': label('dent', 7), '3': label('dent', 7),
        '4': label('', None, 'empty'), '5': label('dent', 8, 'partly'), '6': label('good', 8)}
    for stamp, verdict, score in (('1', 'good', 0.4), ('2', 'anomalous', 0.7),
                                  ('3', 'anomalous', 0.6), ('0', 'anomalous', 0.9)):
        seen(result(stamp, verdict, score))
    seen(result('4', 'no_part', math.nan))
    seen(result('5', 'anomalous', 0.9))
    assert capsys.readouterr().out == '', 'the inspector may still have to say'
    seen(result('6', 'good', 0.1))
    told = capsys.readouterr().out
    assert told.startswith('part   7 turned   both       anomalous 0.600') and 'wrong' not in told
    seen.tell()
    assert capsys.readouterr().out.startswith('part   8')
    first, second = seen.parts
    assert (first.stamps, first.is_right) == ([1.0, 2.0, 3.0], True)
    assert (second.verdict, len(second.results)) == ('good', 1)
    assert seen.empty == {'no_part': 1}


def test_what_the_inspector_says_of_a_part_goes_before_its_frames() -> None:
    seen = PartsSeen()
    seen.labels = {'1': label('dent', 0), '2': label('dent', 0), '3': label('good', 1)}
    for stamp in ('1', '2', '3'):
        seen(result(stamp, 'good', 0.2))
    seen.judged({'verdict': 'anomalous', 'score': '0.8', 'best_stamp': '2', 'frames': '2'})
    seen.judged({'verdict': 'unknown', 'score': 'nan', 'best_stamp': '9', 'frames': '1'})
    assert [(p.verdict, p.score) for p in seen.parts] == [('anomalous', 0.8), ('good', 0.2)]


def test_a_sensor_that_is_not_trusted_is_none_the_verdict_rests_on() -> None:
    assert sight(result()) == 'both'
    assert sight(result(trust=(0.1, 0.9))) == 'depth_only'
    assert sight(result(trust=(0.9, 0.2))) == 'rgb_only'
    assert sight(result(mode='depth_only')) == 'depth_only'


def test_recovery_counts_from_the_return_to_the_first_result_that_rests_on_both() -> None:
    results = [result(arrival=1.0), result(arrival=5.1, mode='rgb_only'),
               result(arrival=5.2, trust=(0.1, 0.9)), result(arrival=5.4)]
    assert recovery(results, 5.0) == pytest.approx(0.4)
    assert recovery(results, 6.0) == math.inf
