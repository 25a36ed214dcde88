"""The figures of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dcmd_ros.evaluation import metrics
from dcmd_ros.evaluation.moments import NAN, Moment, Run
from dcmd_ros.evaluation.thresholds import best_threshold
from dcmd_ros.frame import MODALITIES, MODES
from dcmd_ros.stream import stamps

PERCENTILES = {'p50': 50, 'p95': 95, 'p99': 99, 'max': 100}


def run_figures(run: Run) -> dict[str, Any]:
    """What run.json holds but for the moments; undefined figures are NaN and noted."""
    labelled = [moment for moment in run.moments if moment.label is not None]
    with metrics.warnings_as_notes() as undefined:
        figures = contract_metrics(run, labelled)
        modes = {mode: group([m for m in run.moments if m.mode == mode]) for mode in MODES}
        degraded = {name: group([m for m in run.moments if m.degraded == flag])
                    for name, flag in (('true', True), ('false', False))}
        labels = by_label(labelled)
    best, best_f1 = best_threshold(*truth_and_evidence(labelled))
    return {'name': run.name, 'model': run.model, 'kind': run.kind, 'metrics': figures,
            'best_threshold': best, 'best_f1': best_f1,
            'modes': {mode: one for mode, one in modes.items() if one['frames']},
            'degraded': degraded, 'labels': labels, 'latency_ms': latencies(run.moments),
            'drops': dict(run.drops), 'missing': [stamps.seconds(one) for one in run.missing],
            'notes': [*run.notes, *own_notes(run, labelled, figures, undefined)]}


def truth_and_evidence(moments: Iterable[Moment]) -> tuple[list[bool], list[float]]:
    """What the metrics compare."""
    pairs = [(moment.defective, moment.evidence) for moment in moments]
    return [truth for truth, _ in pairs], [evidence for _, evidence in pairs]


def contract_metrics(run: Run, labelled: Sequence[Moment]) -> dict[str, float]:
    """The contract's metrics over the labelled frames, and the share of all that alarmed."""
    found = {**metrics.image_metrics(*truth_and_evidence(labelled)), **run.pixels.metrics(),
             **{f'confidence_{m}': metrics.mean_of([one.confidence.get(m, NAN)
                                                    for one in run.moments]) for m in MODALITIES}}
    return {**{name: found[name] for name in metrics.METRICS},
            'alarm_rate': alarm_rate(run.moments)}


def alarm_rate(moments: Sequence[Moment]) -> float:
    return metrics.mean_of([float(moment.alarm) for moment in moments])


def group(moments: Sequence[Moment]) -> dict[str, Any]:
    """Counts and figures of some of the frames."""
    pairs = truth_and_evidence(moment for moment in moments if moment.label is not None)
    known = bool(pairs[0]) and not metrics.one_class(pairs[0])
    return {'frames': len(moments), 'verdicts': dict(Counter(m.verdict for m in moments)),
            'alarm_rate': alarm_rate(moments),
            'i_auroc': metrics.i_auroc(*pairs) if known else NAN,
            'far': metrics.far(*pairs) if not all(pairs[0]) else NAN}


def by_label(labelled: Sequence[Moment]) -> dict[str, dict[str, float]]:
    """For `good` and each defect: its frames, I-AUROC against good, share that alarmed."""
    good = [moment.evidence for moment in labelled if not moment.defective]
    found: dict[str, dict[str, float]] = {}
    names = {moment.label or '' for moment in labelled}
    for label in sorted(names, key=lambda name: (name != 'good', name)):
        scores = [moment.evidence for moment in labelled if moment.label == label]
        apart = NAN if label == 'good' or not good else metrics.i_auroc(
            [True] * len(scores) + [False] * len(good), [*scores, *good])
        found[label] = {'frames': len(scores), 'i_auroc': apart,
                        'alarms': metrics.far([False] * len(scores), scores)}
    return found


def latencies(moments: Sequence[Moment]) -> dict[str, float]:
    """Percentiles in milliseconds of the frames whose latency was measured, and their number."""
    known = measured(moments)
    figures = {name: float(np.percentile(known, at)) if known else NAN
               for name, at in PERCENTILES.items()}
    return {**figures, 'frames': len(known)}


def measured(moments: Iterable[Moment]) -> list[float]:
    """The latencies that are known, in milliseconds."""
    return [moment.latency_ms for moment in moments if np.isfinite(moment.latency_ms)]


def own_notes(run: Run, labelled: Sequence[Moment], figures: dict[str, float],
              undefined: Sequence[str]) -> list[str]:
    """What the figures leave out, in sentences."""
    notes = []
    if run.drops:
        causes = ', '.join(f'{cause} {count}' for cause, count in run.drops.items())
        notes.append(f'{sum(run.drops.values())} did not become a result: {causes}')
    if not run.moments:
        return [*notes, 'no frame became a result']
    if not labelled:
        return [*notes, 'nothing is known about what is good and what is not: the shares of '
                'frames that alarmed stand for themselves']
    if without := len(run.moments) - len(labelled):
        notes.append(f'{without} of {len(run.moments)} frames have no label and count in no '
                     'metric')
    if empty := sum(moment.verdict == 'no_part' for moment in labelled):
        notes.append(f'{empty} labelled frames were judged no_part; they count as the lowest '
                     'score')
    if not np.isnan(figures['p_auroc']):
        notes += [f'the pixel metrics leave out {count} frames: {why}'
                  for why, count in run.unmeasured.items()]
    return [*notes, *undefined]
