"""The stretches of a run in which results were degraded, by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcmd_ros.evaluation.moments import Moment
from dcmd_ros.stream.config import SECOND

SILENCE = 5  # periods without a result are a gap


@dataclass(frozen=True)
class Lapse:
    """From the first degraded result's stamp to where the next result took over (ns)."""

    first: int
    last: int
    cause: str
    moments: tuple[Moment, ...]


def period_of(moments: Sequence[Moment]) -> int:
    """The median step between results in the order of stamps, a second where there is none."""
    steps = np.diff([moment.stamp for moment in moments])
    known = steps[steps > 0]
    return int(np.median(known)) if known.size else SECOND


def lapses(moments: Sequence[Moment]) -> list[Lapse]:
    """Neighbouring degraded results of one cause; the moments in the order of stamps."""
    longest = SILENCE * period_of(moments)
    found: list[Lapse] = []
    begin = 0
    for index, moment in enumerate(moments):
        following = moments[index + 1] if index + 1 < len(moments) else None
        step = longest + 1 if following is None else following.stamp - moment.stamp
        if following and following.shortfall == moment.shortfall and step <= longest:
            continue
        if moment.shortfall:
            last = moment.stamp + (step if step <= longest else longest // SILENCE)
            found.append(Lapse(moments[begin].stamp, last, moment.shortfall,
                               tuple(moments[begin:index + 1])))
        begin = index + 1
    return found
