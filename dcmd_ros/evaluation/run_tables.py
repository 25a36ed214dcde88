"""The tables of a run's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dcmd_ros.evaluation import tables
from dcmd_ros.evaluation.lapses import Lapse
from dcmd_ros.evaluation.markup import Markup, row, table, tag
from dcmd_ros.evaluation.moments import Moment
from dcmd_ros.evaluation.run_figures import PERCENTILES, alarm_rate
from dcmd_ros.evaluation.tables import name_cell, percent
from dcmd_ros.stream import stamps
from dcmd_ros.stream.config import SECOND

VERDICTS = ('good', 'anomalous', 'no_part', 'unknown')
MODE_NAMES = {'both': 'both sensors', 'rgb_only': 'RGB only', 'depth_only': 'depth only'}
MOST_ROWS = 200


@dataclass(frozen=True)
class Change:
    """A frame, by its stamp, that two runs judged differently."""

    now: Moment
    before: Moment


def metric_table(figures: Mapping[str, Any], before: Mapping[str, Any] | None,
                 names: Sequence[str]) -> Markup:
    """Every metric; with another run the differences, in points, and that run below."""
    other = {} if before is None else before['metrics']
    rows = [row(name_cell(names[0] if names else 'all frames'),
                *tables.cells(figures['metrics'], other))]
    if names:
        rows.append(row(name_cell(names[1]), *(percent(other.get(name)) for name in tables.NAMES)))
    return table(['', *tables.NAMES.values()], rows)


def verdict_table(figures: Mapping[str, Any]) -> Markup:
    """Verdicts by the sensors that took part, and by degraded."""
    groups = {MODE_NAMES[mode]: one for mode, one in figures['modes'].items()}
    groups.update({text: figures['degraded'][flag] for flag, text in
                   (('false', 'not degraded'), ('true', 'degraded'))
                   if figures['degraded'][flag]['frames']})
    rows = [row(name_cell(name), str(one['frames']),
                *(str(one['verdicts'].get(verdict, 0)) for verdict in VERDICTS),
                *(percent(one[key]) for key in ('alarm_rate', 'far', 'i_auroc')))
            for name, one in groups.items()]
    return table(['', 'frames', *VERDICTS, 'alarms %', 'false alarms %', 'I-AUROC %'], rows)


def label_table(labels: Mapping[str, Mapping[str, float]]) -> Markup:
    """How well each label is told from good."""
    rows = [row(name_cell(label), str(one['frames']), percent(one['i_auroc']),
                percent(one['alarms'])) for label, one in labels.items()]
    return table(['label', 'frames', 'I-AUROC against good %', 'alarms %'], rows)


def lapse_table(found: Sequence[Lapse], begin: int) -> Markup:
    """What degraded the results, how often, how long, and what came of it."""
    rows = []
    for cause in dict.fromkeys(one.cause for one in found):
        same = [one for one in found if one.cause == cause]
        moments = [moment for one in same for moment in one.moments]
        seconds = sum(one.last - one.first for one in same) / SECOND
        rows.append(row(name_cell(cause), str(len(same)), str(len(moments)), f'{seconds:.1f}',
                        f'{(same[0].first - begin) / SECOND:.1f}',
                        percent(alarm_rate(moments))))
    return table(['cause', 'times', 'frames', 'seconds', 'first after s', 'alarms %'], rows)


def latency_table(figures: Mapping[str, Any], before: Mapping[str, Any] | None,
                  names: Sequence[str]) -> Markup:
    """Percentiles in milliseconds."""
    runs = [figures] if before is None else [figures, before]
    titles = names or ['latency']
    rows = [row(name_cell(title), *(milliseconds(run['latency_ms'].get(key))
                                    for key in PERCENTILES))
            for title, run in zip(titles, runs, strict=True)]
    return table(['ms', *PERCENTILES], rows)


def milliseconds(value: float | None) -> str:
    return '–' if value is None or value != value else f'{value:.1f}'


def drop_table(drops: Mapping[str, int], before: Mapping[str, int] | None,
               names: Sequence[str]) -> Markup:
    """What did not become a result, by cause."""
    causes = dict.fromkeys([*drops, *(before or {})])
    rows = [row(name_cell(cause), str(drops.get(cause, 0)),
                *([] if before is None else [str(before.get(cause, 0))])) for cause in causes]
    return table(['cause', *(names or ['count'])], rows)


def change_table(changes: Sequence[Change], names: Sequence[str]) -> Markup:
    """The first frames whose verdict differs between two runs."""
    rows = [row(name_cell(stamps.seconds(one.now.stamp)),
                tag('td', one.now.label or '–', class_='text'),
                tag('td', f'{one.before.verdict} → {one.now.verdict}', class_='text'),
                f'{one.before.score:.3f}', f'{one.now.score:.3f}',
                tag('td', f'{MODE_NAMES.get(one.now.mode, one.now.mode)}', class_='text'))
            for one in changes[:MOST_ROWS]]
    text = [tag('th', name, scope='col', class_='text') for name in ('label', 'verdict', 'mode')]
    return table(['stamp', text[0], text[1], f'score, {names[1]}', f'score, {names[0]}', text[2]],
                 rows)
