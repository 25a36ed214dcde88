"""The charts of a run's report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dcmd_ros.evaluation import charts, metrics, page
from dcmd_ros.evaluation.charts import Line
from dcmd_ros.evaluation.lapses import lapses
from dcmd_ros.evaluation.markup import Markup, join, tag
from dcmd_ros.evaluation.moments import NAN, Moment
from dcmd_ros.evaluation.run_figures import measured, truth_and_evidence
from dcmd_ros.evaluation.thresholds import GRID, alarm_rates
from dcmd_ros.evaluation.timeline import TimeAxis, time_axis, timeline
from dcmd_ros.frame import MODALITIES
from dcmd_ros.inspection import THRESHOLD

RATES = {'good': 'false-alarm rate', 'defective': 'miss rate', 'rest': 'share that alarms'}
POINTS = {'good': 'good', 'defective': 'defective', 'rest': 'no label'}
VERDICTS = {'good': 'judged good', 'defective': 'judged anomalous',
            'rest': 'no part or no verdict'}
LONG_TAIL = 3  # times the 99th percentile; further out is not drawn


def rate_lines(moments: Sequence[Moment]) -> dict[str, Line]:
    """False-alarm and miss rate against the threshold; without truth the alarm rate."""
    truth, evidence = truth_and_evidence(m for m in moments if m.label is not None)
    good = [score for score, bad in zip(evidence, truth, strict=True) if not bad]
    defective = [score for score, bad in zip(evidence, truth, strict=True) if bad]
    found: dict[str, Line] = {}
    if good:
        found['good'] = GRID, alarm_rates(good)
    if defective:
        found['defective'] = GRID, 1 - alarm_rates(defective)
    if not found and moments:
        found['rest'] = GRID, alarm_rates([moment.evidence for moment in moments])
    return found


def curve_cards(moments: Sequence[Moment], best: float, before: Sequence[Moment] = (),
                names: Sequence[str] = ()) -> Markup:
    """Threshold curve, ROC and histogram; dashed in the first two: the run before."""
    lines, other = rate_lines(moments), rate_lines(before)
    marks = {f'shipped {THRESHOLD:g}': THRESHOLD}
    if best == THRESHOLD:
        marks['and best'] = THRESHOLD
    elif not np.isnan(best):
        marks[f'best {best:.3g}'] = best
    key = charts.legend({name: RATES[name] for name in lines})
    threshold = page.card('Threshold', key, both_runs(names), charts.curves(
        'rates against the threshold', with_before(lines, other), 'threshold', 'rate',
        chance=False, marks=marks))
    cards = [threshold, *roc_card(moments, before, names), score_card(moments)]
    return tag('div', *cards, class_='row')


def with_before(lines: dict[str, Line], other: dict[str, Line]) -> dict[str, Line]:
    return {**{f'{name} before': line for name, line in other.items()}, **lines}


def both_runs(names: Sequence[str]) -> Markup:
    """Which line is whose, where there are two runs."""
    text = f'Solid: {names[0]}; dashed: {names[1]}.' if names else ''
    return tag('p', text, class_='soft') if text else Markup('')


def roc_card(moments: Sequence[Moment], before: Sequence[Moment],
             names: Sequence[str]) -> list[Markup]:
    lines = {series: metrics.roc(*pairs) for series, pairs in (
        ('both before', truth_and_evidence(m for m in before if m.label is not None)),
        ('both', truth_and_evidence(m for m in moments if m.label is not None)))
        if not metrics.one_class(pairs[0])}
    if 'both' not in lines:
        return []
    return [page.card('ROC over frames', both_runs(names), charts.curves(
        'ROC', lines, 'false-positive rate', 'true-positive rate'))]


def score_card(moments: Sequence[Moment]) -> Markup:
    groups = by_truth(moments)
    names = POINTS if any(m.label is not None for m in moments) else VERDICTS
    shown = {name: [m.score for m in group] for name, group in groups.items()}
    return page.card('Scores', charts.legend({name: names[name] for name in shown}), charts.bars(
        'scores', shown or {'good': []}, (0, 1), charts.UNIT, 'score', 'frames',
        charts.mark(THRESHOLD, 'alarm')))


def by_truth(moments: Sequence[Moment]) -> dict[str, list[Moment]]:
    """Good, defective and other frames; by verdict where no label is known."""
    labelled = any(moment.label is not None for moment in moments)
    groups: dict[str, list[Moment]] = {'rest': [], 'good': [], 'defective': []}
    for moment in moments:
        known = moment.label if labelled else moment.verdict
        series = ('good' if known == 'good' else 'rest' if known in (None, 'no_part', 'unknown')
                  else 'defective')
        groups[series].append(moment)
    return {name: group for name, group in groups.items() if group}


def timeline_of(moments: Sequence[Moment]) -> Markup:
    """Of one run: points by truth, else by verdict; both confidences; degraded stretches."""
    axis = time_axis([moment.stamp for moment in moments])
    groups = by_truth(moments)
    names = POINTS if any(m.label is not None for m in moments) else VERDICTS
    scored = {name: points(axis, group) for name, group in groups.items()}
    unscored = axis.at([m.stamp for m in moments if np.isnan(m.score)])
    key = {**{name: names[name] for name in groups}, 'rgb': 'confidence RGB',
           'depth': 'confidence depth'}
    shaded = lapses(moments)
    key.update({'none': 'without a score'} if unscored.size else {})
    key.update({'lapse': 'degraded'} if shaded else {})
    trust = {str(m): trace_of(axis, moments, m) for m in MODALITIES}
    return join([charts.legend(key), timeline(axis, scored, trust, shaded,
                                              unscored if unscored.size else None)])


def two_timelines(now: Sequence[Moment], before: Sequence[Moment],
                  names: Sequence[str]) -> Markup:
    """Both runs where their stamps overlap."""
    first = max(now[0].stamp, before[0].stamp) if now and before else 0
    last = min(now[-1].stamp, before[-1].stamp) if now and before else -1
    runs = [[m for m in run if first <= m.stamp <= last] for run in (before, now)]
    if not all(runs):
        return tag('p', 'The stamps of the two runs do not overlap.', class_='soft')
    axis = time_axis([moment.stamp for run in runs for moment in run])
    series = ('other', 'both')
    trust = {f'{m}{suffix}': trace_of(axis, run, m)
             for run, suffix in zip(runs, (' before', ''), strict=True) for m in MODALITIES}
    key = {'both': names[0], 'other': f'{names[1]} (confidence: dashed)',
           'rgb': 'confidence RGB', 'depth': 'confidence depth'}
    return join([charts.legend(key), timeline(
        axis, {name: points(axis, run) for name, run in zip(series, runs, strict=True)}, trust)])


def points(axis: TimeAxis, moments: Iterable[Moment]) -> Line:
    """Places and scores of what has a score."""
    known = [moment for moment in moments if not np.isnan(moment.score)]
    return axis.at([m.stamp for m in known]), np.array([m.score for m in known], dtype=float)


def trace_of(axis: TimeAxis, moments: Sequence[Moment], sensor: str) -> Line:
    """Places and confidences, NaN where absent."""
    return (axis.at([m.stamp for m in moments]),
            np.array([m.confidence.get(sensor, NAN) for m in moments], dtype=float))


def latency_card(moments: Sequence[Moment]) -> Markup:
    """Histogram up to a little over the 99th percentile; what is further out is counted."""
    known = measured(moments)
    if not known:
        return Markup('')
    top = min(max(known), LONG_TAIL * float(np.percentile(known, 99))) or 1.0
    top = charts.round_ticks(0, 1.25 * top, 6)[-1]
    beyond = sum(value > top for value in known)
    text = f'{beyond} longer than {top:g} ms not drawn.' if beyond else ''
    ticks = [(at / top, f'{at:g}') for at in charts.round_ticks(0, top, 6)]
    return page.card('Latency', charts.bars('latencies', {'both': known}, (0, top), ticks,
                                            'ms', 'frames'), tag('p', text, class_='soft'))
