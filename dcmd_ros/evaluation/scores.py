"""The score of one sample under one condition, and the table of all of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Score:
    """
    One line of scores.csv.

    label        `good` or the kind of defect
    score        in (0, 1), NaN where nothing could be scored
    confidence_* the frame's mean trust in [0, 1], NaN where the sensor is absent
    latency_ms   of the inspection, wall clock
    """

    category: str
    condition: str
    sample: str
    label: str
    score: float
    verdict: str
    confidence_rgb: float
    confidence_depth: float
    latency_ms: float

    @property
    def anomalous(self) -> bool:
        return self.label != 'good'


def csv_text(scores: Iterable[Score]) -> str:
    """The scores as CSV with a header; numbers read back as the same numbers."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Score)], lineterminator='\n')
    writer.writeheader()
    writer.writerows(map(asdict, scores))
    return text.getvalue()
