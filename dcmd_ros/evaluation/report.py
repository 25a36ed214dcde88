"""One self-contained HTML page: figures, curves, the degradation matrix, the worst cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dcmd_ros.evaluation import charts, metrics, page, tables
from dcmd_ros.evaluation.conditions import describe
from dcmd_ros.evaluation.markup import Markup, join, tag
from dcmd_ros.evaluation.scores import Score
from dcmd_ros.inspection import THRESHOLD


@dataclass(frozen=True)
class Pictures:
    """
    panel     the JPEG of a (category, sample), None where there is none
    examples  for each category one sample's JPEG under each variant, in order
    """

    panel: Callable[[str, str], bytes | None] = lambda category, sample: None
    examples: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


def report(result: Mapping[str, Any], facts: Mapping[str, str], pictures: Pictures,
           against: Mapping[str, Any] | None = None) -> str:
    """
    The page.

    :param result: of `evaluate` or `combined`
    :param facts: what was evaluated, shown under the title
    :param against: another run's metrics.json, whose differences are shown
    """
    other = against or {}
    names = list(result['categories'])
    return page.whole(
        f'Inspection report: {", ".join(names)}', heading(names, facts),
        page.notes(result['notes']), headline(result),
        summary_section(result, bool(against), other),
        *(category_section(name, result, pictures, other) for name in names), footer())


def heading(names: Sequence[str], facts: Mapping[str, str]) -> Markup:
    links = (tag('a', name, href=f'#{anchor(name)}') for name in names)
    return join([page.heading(f'Inspection report: {", ".join(names)}', facts),
                 tag('nav', *links) if len(names) > 1 else ''])


def headline(result: Mapping[str, Any]) -> Markup:
    """The few figures that one looks for first."""
    mean = result['mean']
    wanted = [(mode, 'i_auroc', f'I-AUROC, {tables.MODE_NAMES[mode]}')
              for mode in tables.modes(mean)]
    first = wanted[0][0] if wanted else next(iter(mean))
    wanted += [(first, 'aupro30', 'AUPRO@30'), (first, 'far', 'false alarms on good parts')]
    return page.tiles((f'{tables.percent(mean[mode][name])} %', text)
                      for mode, name, text in wanted)


def summary_section(result: Mapping[str, Any], compared: bool,
                    other: Mapping[str, Any]) -> Markup:
    text = ('All figures in percent. F1 and false alarms at the shipped threshold '
            f'({THRESHOLD:g}); below them 95 % intervals (I-AUROC: bootstrap over parts, '
            'false alarms: Wilson).')
    more = ' Signed figures: the difference from the other run, in points.' if compared else ''
    return join([tag('h2', 'Summary'), tag('p', text + more, class_='soft'),
                 tables.summary(result, other)])


def category_section(name: str, result: Mapping[str, Any], pictures: Pictures,
                     other: Mapping[str, Any]) -> Markup:
    conditions, detail = result['categories'][name], result['detail'][name]
    scores = [score for score in result['scores'] if score.category == name]
    first = next(iter(conditions))
    counts = f'{detail[first]["good"]} good and {detail[first]["defective"]} defective parts'
    speed = f'median {detail[first]["latency_ms"]:.0f} ms for one inspection'
    parts = [tag('h2', name, id=anchor(name)), tag('p', f'{counts}; {speed}.', class_='soft'),
             curve_cards(scores, tables.modes(conditions))]
    if detail[first]['kinds']:
        parts += [tag('h3', 'By kind of defect'),
                  tag('p', 'I-AUROC against all good parts; found: share at or above the '
                           'threshold. Percent.', class_='soft'), tables.kinds(detail)]
    if len(conditions) > len(tables.modes(conditions)):
        parts.append(matrix_section(conditions, tables.dig(other, 'categories', name)))
    parts += [confidence_section(conditions), *worst(name, scores, first, pictures),
              example_section(pictures.examples.get(name, {}))]
    return tag('section', *parts)


def curve_cards(scores: Sequence[Score], shown: Sequence[str]) -> Markup:
    """ROC curves of all modes in one card, a histogram of each in its own."""
    by_mode = {mode: [score for score in scores if score.condition == mode] for mode in shown}
    lines = {mode: metrics.roc([s.anomalous for s in part], [s.score for s in part])
             for mode, part in by_mode.items()
             if not metrics.one_class([s.anomalous for s in part])}
    names = {mode: tables.MODE_NAMES[mode] for mode in shown}
    roc = [page.card('ROC over parts', charts.legend(names),
                charts.curves('ROC', lines, 'false-positive rate', 'true-positive rate'))]
    key = charts.legend({'good': 'good', 'defective': 'defective'})
    return tag('div', *(roc if lines else []),
               *(page.card(f'Scores, {names[mode]}', key, histogram(part))
                 for mode, part in by_mode.items()), class_='row')


def histogram(part: Sequence[Score]) -> Markup:
    return charts.histogram('scores of good and defective parts',
                            [s.score for s in part if not s.anomalous],
                            [s.score for s in part if s.anomalous], THRESHOLD)


def matrix_section(conditions: Mapping[str, Any], other: Mapping[str, Any]) -> Markup:
    text = ('Percent. Orange: worse than with both sensors, blue: better, strongest from 25 '
            'points on. Only no_rgb and no_depth are announced to the model.')
    return join([tag('h3', 'Degradation matrix'), tag('p', text, class_='soft'),
                 tables.matrix(conditions, other)])


def confidence_section(conditions: Mapping[str, Mapping[str, float]]) -> Markup:
    rows = {name: {sensor: figures[f'confidence_{sensor}'] for sensor in ('rgb', 'depth')}
            for name, figures in conditions.items()}
    return join([tag('h3', 'Trust in each sensor'),
                 tag('p', 'Mean over all parts; a dash where the sensor is absent.',
                     class_='soft'),
                 charts.legend({'rgb': 'RGB', 'depth': 'depth'}),
                 charts.paired_bars('mean confidence under each condition', rows)])


def worst(name: str, scores: Sequence[Score], condition: str, pictures: Pictures) -> list[Markup]:
    """The good parts that scored highest and the defective ones that scored lowest."""
    ranked = sorted((score for score in scores if score.condition == condition),
                    key=lambda score: metrics.lowest_if_nan(score.score).item())
    good = [score for score in reversed(ranked) if not score.anomalous]
    defective = [score for score in ranked if score.anomalous]
    alarms = sum(score.score >= THRESHOLD for score in good)
    misses = sum(not score.score >= THRESHOLD for score in defective)
    return [gallery(f'Good parts that scored highest: {alarms} false alarms of {len(good)}',
                    name, good[:page.shown(alarms)], pictures),
            gallery(f'Defects that scored lowest: {misses} missed of {len(defective)}',
                    name, defective[:page.shown(misses)], pictures)]


def gallery(title: str, category: str, scores: Sequence[Score], pictures: Pictures) -> Markup:
    if not scores:
        return Markup('')
    return join([tag('h3', title), *(page.figure(pictures.panel(category, score.sample),
                                            f'{score.sample}: {score.score:.3f} {score.verdict}')
                                     for score in scores)])


def example_section(examples: Mapping[str, bytes]) -> Markup:
    if len(examples) <= len(tables.MODE_NAMES):
        return Markup('')
    figures = (page.figure(picture, variant, caption_of(variant))
               for variant, picture in examples.items())
    return join([tag('h3', 'What the conditions look like'),
                 tag('p', 'One part: RGB, depth and map under each fault.', class_='soft'),
                 tag('div', *figures, class_='pair')])


def caption_of(variant: str) -> str:
    """A variant that is a fault text already says what it is."""
    return '' if ' ' in variant else describe(variant)


def anchor(name: str) -> str:
    return 'category-' + ''.join(c if c.isalnum() else '-' for c in name)


def footer() -> Markup:
    return tag('footer', 'AUPRO as in the MVTec 3D-AD benchmark: 8-connected regions, '
               'false-positive rate over all defect-free pixels, every distinct score a '
               'threshold. What could not be scored counts as the lowest score.', class_='soft')
