"""A run's results as a table, a row for each frame."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from dcmd_ros.evaluation.moments import Moment
from dcmd_ros.frame import MODALITIES
from dcmd_ros.stream import stamps

COLUMNS = ('stamp', 'label', 'verdict', 'score', 'mode', 'degraded',
           *(f'{sensor}_{what}' for sensor in MODALITIES for what in ('state', 'confidence')))


def csv_text(moments: Iterable[Moment]) -> str:
    """Without latencies: the same bag and model give the same text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator='\n')
    writer.writeheader()
    writer.writerows(row(moment) for moment in moments)
    return out.getvalue()


def row(moment: Moment) -> dict[str, object]:
    sensors = {f'{sensor}_state': moment.state.get(sensor, '') for sensor in MODALITIES} | {
        f'{sensor}_confidence': f'{moment.confidence.get(sensor, float("nan")):.6f}'
        for sensor in MODALITIES}
    return {'stamp': stamps.seconds(moment.stamp), 'label': moment.label or '',
            'verdict': moment.verdict, 'score': repr(moment.score), 'mode': moment.mode,
            'degraded': str(moment.degraded).lower(), **sensors}
