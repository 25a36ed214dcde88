"""The report's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dcmd_ros.evaluation.conditions import MODES, describe
from dcmd_ros.evaluation.markup import Markup, row, table, tag

NAMES = {'i_auroc': 'I-AUROC', 'p_auroc': 'P-AUROC', 'image_aupr': 'image AUPR',
         'pixel_aupr': 'pixel AUPR', 'aupro30': 'AUPRO@30', 'aupro1': 'AUPRO@1', 'f1': 'F1',
         'far': 'false alarms', 'confidence_rgb': 'trust RGB', 'confidence_depth': 'trust depth'}
LOWER_IS_BETTER = {'far'}
NOT_A_MERIT = {'confidence_rgb', 'confidence_depth', 'alarm_rate'}
MODE_NAMES = {'both': 'both sensors', 'no_depth': 'RGB only', 'no_rgb': 'depth only'}
FULL_TINT = 0.25  # a loss of so much has the strongest colour


def percent(value: float | None, digits: int = 1) -> str:
    return '–' if value is None or np.isnan(value) else f'{100 * value:.{digits}f}'


def gain(name: str, value: float, before: float | None) -> float | None:
    """By how much the figure is better than before; None where one of them is not known."""
    if before is None or np.isnan(value) or np.isnan(before):
        return None
    return before - value if name in LOWER_IS_BETTER else value - before


def tint(name: str, value: float, both: float) -> str | None:
    """A cell's colour: how much is lost or won against both sensors."""
    change = None if name in NOT_A_MERIT else gain(name, value, both)
    if change is None or abs(change) < 0.005:
        return None
    strength = min(1.0, abs(change) / FULL_TINT)
    return f'background: rgba(var(--{"gain" if change > 0 else "loss"}), {0.6 * strength:.2f})'


def versus(name: str, value: float, before: float | None) -> Markup | str:
    """The difference from the other run, in points."""
    change = gain(name, value, before)
    if change is None or before is None:
        return ''
    judged = name not in NOT_A_MERIT and abs(change) >= 5e-4
    kind = ('better' if change > 0 else 'worse') if judged else None
    points = round(100 * (value - before), 1)
    return tag('small', f'{points:+.1f}' if points else '0.0', class_=kind)


def interval(bounds: Sequence[float] | None) -> Markup | str:
    if bounds is None or np.isnan(bounds).any():
        return ''
    return tag('small', f'{percent(bounds[0])} to {percent(bounds[1])}')


def figure_cell(name: str, figures: Mapping[str, float], before: Mapping[str, Any],
                detail: Mapping[str, Any] | None = None, both: float | None = None) -> Markup:
    """One figure in percent, with its interval, its difference and its tint where given."""
    value = figures[name]
    return tag('td', percent(value), interval((detail or {}).get(f'{name}_interval')),
               versus(name, value, before.get(name)),
               style=None if both is None else tint(name, value, both))


def name_cell(text: str) -> Markup:
    return tag('th', text, scope='row', class_='text')


def cells(figures: Mapping[str, float], before: Mapping[str, Any],
          detail: Mapping[str, Any] | None = None,
          both: Mapping[str, float] | None = None) -> list[Markup]:
    """A cell for each metric."""
    return [figure_cell(name, figures, before, detail, None if both is None else both[name])
            for name in NAMES]


def summary(result: Mapping[str, Any], against: Mapping[str, Any]) -> Markup:
    """Each category in each availability mode, and the mean where there are several."""
    rows = [row(name_cell(category), tag('td', MODE_NAMES[mode], class_='text'),
                *cells(figures[mode], dig(against, 'categories', category, mode),
                       result['detail'][category][mode]))
            for category, figures in result['categories'].items() for mode in modes(figures)]
    if len(result['categories']) > 1:
        rows += [row(name_cell('mean'), tag('td', MODE_NAMES[mode], class_='text'),
                     *cells(result['mean'][mode], dig(against, 'mean', mode)), class_='mean')
                 for mode in modes(result['mean'])]
    sensors = tag('th', 'sensors', scope='col', class_='text')
    return table(['category', sensors, *NAMES.values()], rows)


def matrix(conditions: Mapping[str, Mapping[str, float]], against: Mapping[str, Any]) -> Markup:
    """Every condition, tinted by what it loses against both sensors."""
    rows = [row(tag('th', name, tag('small', describe(name)), scope='row', class_='text'),
                *cells(figures, dig(against, name), both=conditions.get('both')))
            for name, figures in conditions.items()]
    return table(['condition', *NAMES.values()], rows)


def kinds(detail: Mapping[str, Any]) -> Markup:
    """For each kind of defect how well it is told from good parts, in each mode."""
    shown = modes(detail)
    rows = [row(name_cell(kind), str(one['count']),
                *(percent(detail[mode]['kinds'][kind][figure])
                  for figure in ('i_auroc', 'found') for mode in shown))
            for kind, one in detail[shown[0]]['kinds'].items()]
    return table(['defect', 'parts', *(f'I-AUROC, {MODE_NAMES[mode]}' for mode in shown),
                  *(f'found, {MODE_NAMES[mode]}' for mode in shown)], rows)


def modes(conditions: Mapping[str, Any]) -> list[str]:
    """The announced availability modes among the conditions."""
    return [mode for mode in MODES if mode in conditions]


def dig(tree: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The branch at these keys, empty where there is none."""
    for key in keys:
        tree = tree.get(key) or {}
    return tree
