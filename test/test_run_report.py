"""The report of a run: its figures by hand and by scikit-learn, its page, its file."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from run_rig import NAN, START, moment, run, stream, without_depth
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from test_report import Outline

from dcmd_ros.evaluation import charts, output, tables
from dcmd_ros.evaluation.lapses import lapses
from dcmd_ros.evaluation.metrics import METRICS, f1
from dcmd_ros.evaluation.moments import Run
from dcmd_ros.evaluation.run_charts import rate_lines
from dcmd_ros.evaluation.run_figures import run_figures
from dcmd_ros.evaluation.run_file import read_run
from dcmd_ros.evaluation.run_report import changed, write_run_report
from dcmd_ros.evaluation.thresholds import alarm_rates, best_threshold
from dcmd_ros.evaluation.timeline import names, time_axis, trace
from dcmd_ros.stream.stamps import seconds

KEYS = ['name', 'model', 'kind', 'metrics', 'best_threshold', 'best_f1', 'modes', 'degraded',
        'labels', 'latency_ms', 'drops', 'missing', 'notes']
SECOND = 1_000_000_000


def page(made: Run, out: Path, against: Path | None = None) -> Outline:
    write_run_report(made, out, against)
    return Outline((out / 'index.html').read_text())


def test_figures_by_hand() -> None:
    made = run({'good': [0.1, 0.2, 0.6, NAN], 'dent': [0.4, 0.9], 'scratch': [0.8], None: [0.7]})
    found = run_figures(made)
    assert list(found) == KEYS
    assert found['metrics']['i_auroc'] == 11 / 12
    assert found['metrics']['far'] == 1 / 4
    assert found['metrics']['f1'] == 2 / 3
    assert found['metrics']['alarm_rate'] == 4 / 8
    assert math.isnan(found['metrics']['p_auroc'])
    assert found['labels']['dent'] == {'frames': 2, 'i_auroc': 7 / 8, 'alarms': 0.5}
    assert found['labels']['scratch'] == {'frames': 1, 'i_auroc': 1.0, 'alarms': 1.0}
    assert found['labels']['good']['alarms'] == 0.25 and list(found['labels'])[0] == 'good'
    assert found['latency_ms'] == pytest.approx(
        {'p50': 13.5, 'p95': 16.65, 'p99': 16.93, 'max': 17, 'frames': 8})
    assert (found['best_threshold'], found['best_f1']) == (pytest.approx(0.3), 6 / 7)


def test_figures_as_scikit_learn_has_them() -> None:
    made = stream()
    made.moments = [one for one in made.moments if not math.isnan(one.score)]
    truth = [one.label == 'dent' for one in made.moments]
    scores = [one.score for one in made.moments]
    found = run_figures(made)['metrics']
    assert tuple(found) == (*METRICS, 'alarm_rate')
    assert found['i_auroc'] == pytest.approx(roc_auc_score(truth, scores))
    assert found['image_aupr'] == pytest.approx(average_precision_score(truth, scores))
    assert found['f1'] == pytest.approx(f1_score(truth, np.array(scores) >= 0.5))
    assert found['p_auroc'] > 0.8 and found['aupro30'] > 0.8


def test_what_no_part_alarms_for_is_no_alarm() -> None:
    made = run({'good': [0.1, 0.2], 'dent': [0.9]})
    made.moments.append(moment(9, 0.95, 'good', verdict='no_part'))
    found = run_figures(made)
    assert found['metrics']['far'] == 0 and found['metrics']['i_auroc'] == 1
    assert any('1 labelled frames were judged no_part' in note for note in found['notes'])


def test_groups_by_mode_and_degraded() -> None:
    made = run({'good': [0.1, 0.7], 'dent': [0.9]})
    made.moments += [without_depth(5, 0.6), without_depth(6, 0.2), without_depth(7, 0.4, 'dent')]
    found = run_figures(made)
    assert list(found['modes']) == ['both', 'rgb_only']
    assert found['modes']['rgb_only'] == found['degraded']['true'] == {
        'frames': 3, 'verdicts': {'anomalous': 1, 'good': 2}, 'alarm_rate': 1 / 3,
        'i_auroc': 0.5, 'far': 0.5}
    assert found['degraded']['false']['far'] == 0.5
    made.moments.pop()
    found = run_figures(made)
    assert math.isnan(found['modes']['rgb_only']['i_auroc'])
    assert found['notes'] == ['pixel metrics need pixels with and without a defect']


def test_the_best_threshold_is_the_best_of_all() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        truth = rng.random(30) < 0.4
        scores = np.round(rng.random(30) * 0.7 + 0.2 * truth, 2)
        scores[rng.random(30) < 0.1] = np.nan
        if truth.all() or not truth.any():
            continue
        grid = np.arange(0.0025, 1, 0.005)
        reached = [f1(truth, scores, at) for at in grid]
        best, value = best_threshold(truth, scores)
        assert value == pytest.approx(max(reached))
        assert f1_score(truth, np.nan_to_num(scores, nan=-1) >= best) == pytest.approx(value)


def test_the_shipped_threshold_stays_where_none_is_better() -> None:
    assert best_threshold([0, 0, 1], [0.1, 0.2, 0.9]) == (0.5, 1)
    assert best_threshold([0, 0, 1], [0.1, 0.2, 0.4]) == (pytest.approx(0.3), 1)
    assert best_threshold([0, 1, 1], [0.6, NAN, 0.7]) == (pytest.approx(0.65), 2 / 3)
    assert best_threshold([0, 1], [0.6, NAN]) == (0.5, 0)
    assert best_threshold([0, 0, 1, 1], [0.55, 0.6, 0.3, 0.9]) == (0.75, 2 / 3)
    assert math.isnan(best_threshold([0, 0], [0.1, 0.2])[0])


def test_rates_against_the_threshold_count_the_threshold_itself() -> None:
    rates = alarm_rates([0.2, 0.5, NAN, 0.8], np.array([0, 0.2, 0.3, 0.5, 0.51, 0.81]))
    np.testing.assert_allclose(rates, [0.75, 0.75, 0.5, 0.5, 0.25, 0])
    lines = rate_lines(run({'good': [0.1, 0.7], 'dent': [0.2, 0.6, 0.8, NAN]}).moments)
    assert [float(np.interp(0.5, *lines[name])) for name in ('good', 'defective')] == [0.5, 0.5]
    assert [float(lines[name][1][0]) for name in ('good', 'defective')] == [1, 0.25]
    assert list(rate_lines([moment(0, 0.4, None)])) == ['rest']


def test_the_file_is_strict_json_and_reads_back(tmp_path: Path) -> None:
    made = stream()
    made.drops, made.notes = {'late': 3}, ['cut off after 12 s']
    given = write_run_report(made, tmp_path)
    text = (tmp_path / 'run.json').read_text()
    strict = json.loads(text, parse_constant=lambda name: pytest.fail(f'{name} is no JSON'))
    assert list(strict) == [*KEYS, 'moments'] and list(given) == KEYS
    assert strict['moments'][5]['score'] is None
    assert strict['moments'][0]['stamp'] == '1700000000.000000000'
    assert strict['notes'][:2] == ['cut off after 12 s', '3 did not become a result: late 3']
    again = read_run(tmp_path / 'run.json')
    assert [one.written() for one in again['moments'][:5]] == [
        one.written() for one in made.moments[:5]]
    assert {name: again[name] for name in KEYS} == given


@pytest.mark.parametrize(('text', 'found'), [
    ('', 'cannot be read as run.json'), ('[]', 'not a run.json, which has metrics'),
    ('{"categories": {}, "mean": {}}', 'not a run.json, which has metrics'),
    ('{"metrics": {}, "modes": {}, "labels": {}, "latency_ms": {}, "drops": {}, "moments": [{}]}',
     "one of its moments cannot be read .KeyError: 'stamp'"),
    ('{"metrics": {"far": "x"}, "modes": {}, "labels": {}, "latency_ms": {}, "drops": {}, '
     '"moments": []}', "far is 'x', not a number")])
def test_a_file_that_is_no_run_json_is_named_and_nothing_written(
        tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / 'other.json').write_text(text)
    with pytest.raises(output.OutputError, match=f'other.json: .*{found}'):
        write_run_report(run({'good': [0.1]}), tmp_path / 'out', tmp_path / 'other.json')
    assert not (tmp_path / 'out').exists()


def test_the_page_needs_nothing_from_elsewhere_and_says_everything(tmp_path: Path) -> None:
    made = stream()
    made.notes, made.drops = ['<b>cut off</b> after 12 s'], {'no partner': 7}
    seen = page(made, tmp_path)
    assert seen.links and all(link.startswith('data:image/jpeg;base64,') for link in seen.links)
    assert not {'script', 'link', 'iframe', 'b>cut'} & set(seen.tags)
    for text in (*tables.NAMES.values(), '<b>cut off</b> after 12 s', 'no partner', 'depth lost',
                 'shipped 0.5', 'p99', 'Worst false alarms', 'Worst misses', 'dent', 'RGB only'):
        assert text in seen.text
    assert 4 <= seen.tags.count('img') <= 12
    assert 'nan' not in seen.text


def test_without_truth_the_page_says_so(tmp_path: Path) -> None:
    seen = page(stream(truth=False), tmp_path)
    assert 'No truth was given' in seen.text and 'frames that alarmed' in seen.text
    assert 'false-alarm rate' not in seen.text and 'I-AUROC against' not in seen.text
    assert 'Frames without a label that scored highest' in seen.text


@pytest.mark.parametrize('scores', [
    {}, {'good': [0.2]}, {'dent': [0.7]}, {None: [NAN]}, {'good': [0.1, 0.2]},
    {'dent': [NAN, 0.4]}])
def test_few_moments_are_still_a_page(tmp_path: Path, scores: dict) -> None:
    seen = page(run(scores), tmp_path)
    assert ('no frame became a result' in seen.text) == (not scores)
    body = (tmp_path / 'index.html').read_text().split('</style>')[1]
    assert ('timeline' in body) == bool(scores)
    assert 'nan' not in seen.text
    assert read_run(tmp_path / 'run.json')['name'] == 'belt.mcap'


def test_two_runs_stand_side_by_side(tmp_path: Path) -> None:
    write_run_report(run({'good': [0.1, 0.6], 'dent': [0.9, 0.3]}, 'old'), tmp_path / 'old')
    made = run({'good': [0.1, 0.2], 'dent': [0.9, 0.8]}, 'new')
    seen = page(made, tmp_path / 'new', tmp_path / 'old' / 'run.json')
    assert 'Frames whose verdict changed: 2' in seen.text
    assert 'good → anomalous' in seen.text and 'Solid: new; dashed: old.' in seen.text
    assert '4 frames are in both, 0 only in new' in seen.text
    text = (tmp_path / 'new' / 'index.html').read_text()
    assert 'class="better">-50.0' in text and 'class="better">+50.0' in text
    found = read_run(tmp_path / 'new' / 'run.json')['against']
    assert [one['stamp'] for one in found['changed']] == [
        '1700000000.100000000', '1700000000.300000000']
    assert found['changed'][0]['before'] == {'verdict': 'anomalous', 'score': 0.6}


def test_runs_of_other_times_are_compared_without_a_picture(tmp_path: Path) -> None:
    write_run_report(run({'good': [0.1]}), tmp_path / 'old')
    made = Run('belt.mcap', 'm.pth', moments=[moment(100, 0.4)])
    seen = page(made, tmp_path / 'new', tmp_path / 'old' / 'run.json')
    assert 'The stamps of the two runs do not overlap.' in seen.text
    assert 'Against belt.mcap (other)' in seen.text
    assert changed(made.moments, []) == []
    seen = page(Run('none', 'm.pth'), tmp_path / 'none', tmp_path / 'old' / 'run.json')
    assert 'do not overlap' in seen.text


def test_a_long_list_of_changed_verdicts_is_cut_on_the_page_not_in_the_file(
        tmp_path: Path) -> None:
    write_run_report(run({'good': [0.1] * 250}), tmp_path / 'old')
    seen = page(run({'good': [0.9] * 250}), tmp_path / 'new', tmp_path / 'old' / 'run.json')
    assert seen.text.count('good → anomalous') == 200 and 'The first 200' in seen.text
    assert len(read_run(tmp_path / 'new' / 'run.json')['against']['changed']) == 250


def test_many_short_lapses_are_named_once_and_long_ones_each() -> None:
    short = [(without_depth if i % 50 == 7 else moment)(i, 0.1) for i in range(2000)]
    axis = time_axis([one.stamp for one in short])
    assert str(names(axis, lapses(short))).count('depth lost') == 1
    long = [(without_depth if i // 100 % 2 else moment)(i, 0.1) for i in range(600)]
    axis = time_axis([one.stamp for one in long])
    assert str(names(axis, lapses(long))).count('depth lost') == 3


def test_many_moments_leave_a_small_page(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    made = run({'good': list(rng.beta(2, 5, 15000)), 'dent': list(rng.beta(5, 2, 5000))})
    page(made, tmp_path)
    assert (tmp_path / 'index.html').stat().st_size < 250_000


def test_a_picture_whose_label_turned_out_otherwise_is_left_out(tmp_path: Path) -> None:
    made = stream(60)
    worst, second = (one.stamp for one in made.pictures.pile('good')[:2])
    made.moments = [replace(one, label='dent' if one.stamp == second else one.label)
                    for one in made.moments]
    text = page(made, tmp_path).text
    assert f'stamp {seconds(worst)}' in text and f'stamp {seconds(second)}' not in text
    alarms = sum(one.score >= 0.5 for one in made.moments if one.label == 'good')
    assert alarms and f'{alarms} of 49 frames alarmed.' in text
    misses = sum(not one.score >= 0.5 for one in made.moments if one.label == 'dent')
    assert f'{misses} of 11 frames did not alarm.' in text


def test_the_axis_is_in_time_and_in_frames_where_the_stamps_jump() -> None:
    axis = time_axis([START, START + 90 * SECOND, START + 60 * SECOND])
    np.testing.assert_allclose(axis.at([START, START + 45 * SECOND, 0]), [0, 0.5, 0])
    assert axis.title == 's from the first stamp' and axis.ticks[0] == (0, '0')
    assert time_axis([0, 7200 * SECOND]).title == 'min from the first stamp'
    jump = time_axis([*range(0, 10 * SECOND, SECOND), START])
    assert 'number of the frame' in jump.title
    np.testing.assert_allclose(jump.at([0, 5 * SECOND, START]), [0, 0.5, 1])
    assert time_axis([5]).at([5]) == 0


def test_a_trace_breaks_where_the_sensor_is_absent_and_keeps_extremes() -> None:
    box = charts.Box(120, 120, 10, 10, 10, 10)
    x, y = np.linspace(0, 1, 11), np.full(11, 0.5)
    y[4] = np.nan
    drawn = str(trace(box, x, y, 'rgb'))
    assert re.findall('[ML]', drawn) == ['M', *'LLL', 'M', *'LLLLL']
    many = np.full(5000, 0.5)
    many[2503], many[2504] = 0.9, 0.1
    drawn = str(trace(box, np.linspace(0, 1, 5000), many, 'rgb'))
    assert f',{box.y(0.9):g}' in drawn and f',{box.y(0.1):g}' in drawn
    assert drawn.count('L') < 250
    gap = np.array([0, 0.1, 0.2, 0.3, 0.9, 1.0])
    assert re.findall('[ML]', str(trace(box, gap, np.ones(6), 'rgb'))) == [*'MLLLML']


def test_ticks_are_round_and_few() -> None:
    assert charts.round_ticks(0, 39.9) == [0, 10, 20, 30]
    assert charts.round_ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert charts.round_ticks(3, 3) == [3]
    for last in np.geomspace(0.001, 1e6, 60):
        assert 2 <= len(charts.round_ticks(0, last)) <= 8
