"""The report of a run over a stream: one self-contained HTML page, and run.json beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcmd_ros.evaluation import output, page, run_charts, run_tables, tables
from dcmd_ros.evaluation.lapses import lapses
from dcmd_ros.evaluation.markup import Markup, join, tag
from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.evaluation.run_figures import run_figures
from dcmd_ros.evaluation.run_file import read_run, run_text
from dcmd_ros.evaluation.run_tables import MOST_ROWS, Change
from dcmd_ros.inspection import THRESHOLD
from dcmd_ros.stream import stamps
from dcmd_ros.stream.config import SECOND

KINDS = {'replay': 'replayed offline', 'live': 'live'}
PILES = {'good': 'Worst false alarms', 'defective': 'Worst misses',
         'unlabelled': 'Frames without a label that scored highest'}


def write_run_report(run: Run, out: Path, against: Path | None = None,
                     more: Mapping[str, str] | None = None,
                     known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """
    Write index.html and run.json into a folder; return the figures of run.json without moments.

    :param against: another run's run.json to compare with
    :param more: what else to say under the title
    :param known: the run's figures, where they were computed already
    :raises OutputError: the folder cannot be written to, or `against` is not a run.json
    """
    other = read_run(against) if against else None
    moments = sorted(run.moments, key=lambda moment: moment.stamp)
    figures = dict(known or run_figures(run))
    changes = changed(moments, other['moments']) if other else []
    if other:
        figures['against'] = {'name': other['name'], 'metrics': other['metrics'],
                              'changed': [written(one) for one in changes]}
    output.write(out / 'run.json', run_text(figures, moments))
    output.write(out / 'index.html', report(run, moments, figures, other, changes, more))
    found: dict[str, Any] = output.plain(figures)
    return found


def changed(now: Sequence[Moment], before: Sequence[Moment]) -> list[Change]:
    """The frames of the same stamp whose verdict differs."""
    known = {moment.stamp: moment for moment in before}
    pairs = [(moment, known[moment.stamp]) for moment in now if moment.stamp in known]
    return [Change(*pair) for pair in pairs if pair[0].verdict != pair[1].verdict]


def written(one: Change) -> dict[str, Any]:
    return {'stamp': stamps.seconds(one.now.stamp), 'label': one.now.label,
            'verdict': one.now.verdict, 'score': one.now.score,
            'before': {'verdict': one.before.verdict, 'score': one.before.score}}


def report(run: Run, moments: Sequence[Moment], figures: Mapping[str, Any],
           other: Mapping[str, Any] | None = None, changes: Sequence[Change] = (),
           more: Mapping[str, str] | None = None) -> str:
    """
    The page.

    :param moments: the run's, in the order of stamps
    :param figures: of `run_figures`
    :param other: of `read_run`
    """
    names = run_names(run.name, other)
    known = {**facts(run, moments, other), **(more or {})}
    parts = [page.heading(f'Run report: {run.name}', known), page.notes(figures['notes'])]
    if moments:
        parts += [headline(figures, other), metric_section(figures, other, names),
                  verdict_section(figures), curve_section(moments, figures, other, names),
                  time_section(moments)]
    if other:
        parts.append(against_section(moments, other, changes, names))
    parts += [latency_section(moments, figures, other, names), *galleries(run, moments), footer()]
    return page.whole(f'Run report: {run.name}', *parts)


def run_names(name: str, other: Mapping[str, Any] | None) -> list[str]:
    """What the two runs are called beside each other; empty where there is one."""
    if other is None:
        return []
    return [name, str(other['name'])] if name != other['name'] else [f'{name} (this)',
                                                                     f'{name} (other)']


def facts(run: Run, moments: Sequence[Moment], other: Mapping[str, Any] | None) -> dict[str, str]:
    """What stands under the title."""
    found = {'model': run.model, 'run': KINDS[run.kind], 'frames': str(len(moments))}
    if moments:
        found['time'] = f'{(moments[-1].stamp - moments[0].stamp) / SECOND:.1f} s'
    if any(moment.label is not None for moment in moments):
        good = sum(moment.label == 'good' for moment in moments)
        bad = sum(moment.defective for moment in moments)
        found['truth'] = f'{good} good, {bad} defective, {len(moments) - good - bad} unknown'
    else:
        found['truth'] = 'none'
    return {**found, **({'compared with': str(other['name'])} if other else {})}


def headline(figures: Mapping[str, Any], other: Mapping[str, Any] | None) -> Markup:
    """The figures that one looks for first."""
    names = {'i_auroc': 'I-AUROC', 'far': 'false alarms on good frames',
             'f1': f'F1 at {THRESHOLD:g}', 'aupro30': 'AUPRO@30'}
    metrics = figures['metrics']
    shown = [name for name in names if metrics[name] == metrics[name]]
    before = other['metrics'] if other else {}
    found: list[tuple[str, object]] = [
        (f'{tables.percent(metrics[name])} %', join([names[name], change(name, metrics, before)]))
        for name in shown]
    found.append((f'{tables.percent(metrics["alarm_rate"])} %',
                  join(['frames that alarmed', change('alarm_rate', metrics, before)])))
    if figures['best_threshold'] == figures['best_threshold']:
        found.append((f'{figures["best_threshold"]:.3g}', 'best threshold: F1 '
                      f'{tables.percent(figures["best_f1"])} %'))
    if figures['latency_ms']['frames']:
        found.append((f'{figures["latency_ms"]["p95"]:.0f} ms', 'latency, 95th percentile'))
    return page.tiles(found)


def change(name: str, metrics: Mapping[str, float], before: Mapping[str, Any]) -> Markup:
    """By how many points the figure differs from the other run's."""
    text = tables.versus(name, metrics[name], before.get(name))
    return join([' (', text, ')']) if text else Markup('')


def metric_section(figures: Mapping[str, Any], other: Mapping[str, Any] | None,
                   names: Sequence[str]) -> Markup:
    """The contract's metrics, or the word that there is no truth."""
    if not figures['labels'] and other is None:
        text = ('No truth was given, so nothing can be said about false alarms and misses. '
                f'{tables.percent(figures["metrics"]["alarm_rate"])} % of the frames reached the '
                'threshold; with a labels file or truth topics the metrics stand here.')
        return join([tag('h2', 'Metrics'), tag('p', text)])
    text = (f'Percent; F1 and false alarms at the shipped threshold ({THRESHOLD:g}). Neighbouring '
            'frames show the same part and are no independent samples, so there are no intervals.'
            + (' Signed figures: the difference from the other run, in points.' if names else ''))
    parts = [tag('h2', 'Metrics'), tag('p', text, class_='soft'),
             run_tables.metric_table(figures, other, names)]
    if figures['labels']:
        parts += [tag('h3', 'By label'), run_tables.label_table(figures['labels'])]
    return join(parts)


def verdict_section(figures: Mapping[str, Any]) -> Markup:
    return join([tag('h2', 'Verdicts'),
                 tag('p', 'By the sensors that took part, and by whether the result was degraded: '
                     'a sensor absent or not to be trusted.', class_='soft'),
                 run_tables.verdict_table(figures)])


def curve_section(moments: Sequence[Moment], figures: Mapping[str, Any],
                  other: Mapping[str, Any] | None, names: Sequence[str]) -> Markup:
    """Threshold curve, ROC and histogram."""
    best = figures['best_threshold']
    return join([tag('h2', 'Thresholds'), tag('p', best_text(figures), class_='soft'),
                 run_charts.curve_cards(moments, best, other['moments'] if other else (), names)])


def best_text(figures: Mapping[str, Any]) -> str:
    """Which threshold is best, and in what sense."""
    best, reached = figures['best_threshold'], tables.percent(figures['best_f1'])
    if best != best:
        return 'Without good and defective frames no threshold is best.'
    if best == THRESHOLD:
        return (f'Best is the threshold with the highest F1 on these frames: no other has more '
                f'than the {reached} % of the shipped one, {THRESHOLD:g}.')
    return (f'Best is the threshold with the highest F1 on these frames: {best:.3g} with '
            f'{reached} %, against {tables.percent(figures["metrics"]["f1"])} % at the shipped '
            f'{THRESHOLD:g}. It was chosen after the fact: try it on other frames before use.')


def time_section(moments: Sequence[Moment]) -> Markup:
    found = lapses(moments)
    table = run_tables.lapse_table(found, moments[0].stamp) if found else tag(
        'p', 'No result was degraded.', class_='soft')
    return join([tag('h2', 'Over time'), run_charts.timeline_of(moments), table])


def against_section(moments: Sequence[Moment], other: Mapping[str, Any],
                    changes: Sequence[Change], names: Sequence[str]) -> Markup:
    """Both runs over time, and where they judged differently."""
    here = {moment.stamp for moment in moments}
    there = {moment.stamp for moment in other['moments']}
    text = (f'{len(here & there)} frames are in both, {len(here - there)} only in {names[0]}, '
            f'{len(there - here)} only in {names[1]}.')
    parts = [tag('h2', f'Against {names[1]}'), tag('p', text, class_='soft'),
             run_charts.two_timelines(moments, other['moments'], names),
             tag('h3', f'Frames whose verdict changed: {len(changes)}')]
    if len(changes) > MOST_ROWS:
        parts.append(tag('p', f'The first {MOST_ROWS}; run.json has them all.', class_='soft'))
    if changes:
        parts.append(run_tables.change_table(changes, names))
    return join(parts)


def latency_section(moments: Sequence[Moment], figures: Mapping[str, Any],
                    other: Mapping[str, Any] | None, names: Sequence[str]) -> Markup:
    """Latencies and drops."""
    drops, before = figures['drops'], other['drops'] if other else None
    known = figures['latency_ms']['frames'] or (other and other['latency_ms'].get('frames'))
    latency = (run_tables.latency_table(figures, other, names) if known else
               tag('p', 'Latency was not measured.', class_='soft'))
    lost = (run_tables.drop_table(drops, before, names) if drops or before else
            tag('p', 'Everything became a result.', class_='soft'))
    return join([tag('h2', 'Latency and drops'), latency,
                 tag('h3', 'What did not become a result'), lost,
                 tag('div', run_charts.latency_card(moments), class_='row few')])


def galleries(run: Run, moments: Sequence[Moment]) -> list[Markup]:
    """Pictures of the worst frames whose label is still what it was when they were kept."""
    groups = {'good': [m for m in moments if m.label == 'good'],
              'defective': [m for m in moments if m.defective],
              'unlabelled': [m for m in moments if m.label is None]}
    return [gallery(run, name, {m.stamp: m for m in group}, moments[0].stamp)
            for name, group in groups.items() if group]


def gallery(run: Run, pile: str, group: Mapping[int, Moment], begin: int) -> Markup:
    kept = [one for one in run.pictures.pile(pile) if one.stamp in group]
    if not kept:
        return Markup('')
    wrong = sum(m.alarm != m.defective for m in group.values())
    noun = {'good': 'alarmed', 'defective': 'did not alarm', 'unlabelled': 'alarmed'}[pile]
    figures = (page.figure(one.jpeg, caption(group[one.stamp], begin))
               for one in kept[:page.shown(wrong)])
    return join([tag('h2', PILES[pile]),
                 tag('p', f'{wrong} of {len(group)} frames {noun}.', class_='soft'), *figures])


def caption(moment: Moment, begin: int) -> str:
    known = moment.label or 'no label'
    degraded = f', {moment.shortfall}' if moment.shortfall else ''
    return (f'{(moment.stamp - begin) / SECOND:.2f} s (stamp {stamps.seconds(moment.stamp)}): '
            f'{known}, judged {moment.verdict}, score {moment.score:.3f}{degraded}')


def footer() -> Markup:
    return tag('footer', 'AUPRO as in the MVTec 3D-AD benchmark: 8-connected regions, '
               'false-positive rate over all defect-free pixels. What could not be scored, and '
               'frames judged no_part, count as the lowest score.', class_='soft')
