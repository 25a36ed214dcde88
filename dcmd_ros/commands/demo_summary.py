"""What a demo run showed: the parts that were judged, beside the truth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dcmd_ros.commands.demo_parts import PartSeen, sight
from dcmd_ros.commands.demo_script import Played
from dcmd_ros.evaluation.metrics import i_auroc
from dcmd_ros.frame import MODES
from dcmd_ros.nodes.observer import Result
from dcmd_ros.simulation import DEFECTS

VISIBLE = {
    'both': {'geometry', 'appearance', 'both'},
    'rgb_only': {'appearance', 'both'},
    'depth_only': {'geometry', 'both'},
}
LYING = 'lying'  # both sensors are trusted, and one of them delivers what is not there
COLUMNS = {'both': 'both', 'rgb_only': 'rgb only', 'depth_only': 'depth only',
           LYING: 'lie unnoticed'}
LEAST_AUROC = 0.9
MOST_FALSE_ALARMS = 0.05
LONGEST_RECOVERY_S = 3.0


@dataclass(frozen=True)
class Seen:
    """A part, and the sensors that its verdict rests on: a mode, or LYING."""

    part: PartSeen
    column: str

    @property
    def label(self) -> str:
        return self.part.defect

    @property
    def visible(self) -> bool:
        """Whether the part is good, or has a defect that these sensors can see."""
        return self.label == 'good' or DEFECTS[self.label] in VISIBLE.get(
            self.column, VISIBLE['both'])


@dataclass(frozen=True)
class Summary:
    """
    The figures of the contract, and what they rest on.

    recoveries  seconds by what came back
    empty       verdicts on the empty place
    """

    i_auroc: dict[str, float]
    false_alarm_rate: float
    recoveries: Mapping[str, float]
    unaccounted: int
    seen: Sequence[Seen]
    empty: Mapping[str, int] = field(default_factory=Counter)

    @property
    def recover_s(self) -> float:
        return max(self.recoveries.values())

    @property
    def right(self) -> int:
        """Parts that were judged right, whatever the sensors could see."""
        return sum(s.part.is_right for s in self.seen)

    @property
    def ok(self) -> bool:
        return (all(value >= LEAST_AUROC for value in self.i_auroc.values())
                and self.false_alarm_rate <= MOST_FALSE_ALARMS
                and self.recover_s <= LONGEST_RECOVERY_S and self.unaccounted == 0)

    def figures(self) -> dict[str, object]:
        return {
            'i_auroc': {mode: round(value, 4) for mode, value in self.i_auroc.items()},
            'false_alarm_rate': round(self.false_alarm_rate, 4),
            'recover_s': round(self.recover_s, 3), 'unaccounted': self.unaccounted, 'ok': self.ok}


def told_apart(parts: Sequence[PartSeen], played: Sequence[Played]) -> list[Seen]:
    """Each part by the sensors its verdict rests on."""
    lies = [one for one in played if one.phase.lies]
    return [Seen(part, LYING if part.sight == 'both' and any(
        one.holds([stamp]) for one in lies for stamp in part.stamps) else part.sight)
        for part in parts]


def summarise(seen: Sequence[Seen], recoveries: Mapping[str, float], unaccounted: int,
              empty: Mapping[str, int] | None = None) -> Summary:
    """
    The figures over all parts but those during which a sensor lied unnoticed.

    NaN for a mode that never came makes `ok` false.
    """
    good = [s for s in seen if s.label == 'good' and s.column != LYING]
    alarms = sum(s.part.verdict == 'anomalous' for s in good)
    return Summary({mode: auroc(seen, mode) for mode in MODES},
                   alarms / len(good) if good else math.nan, recoveries, unaccounted, seen,
                   empty or {})


def auroc(seen: Sequence[Seen], mode: str) -> float:
    """Image AUROC in one mode, over good parts and the defects that the mode can see."""
    chosen = [s for s in seen if s.column == mode and s.visible]
    return i_auroc([s.label != 'good' for s in chosen], [s.part.score for s in chosen])


def recovery(results: Sequence[Result], returned: float) -> float:
    """Seconds from the sensor's return to the first result that rests on both; inf: none came."""
    back = [r.arrival for r in results if sight(r) == 'both' and r.arrival >= returned]
    return min(back) - returned if back else math.inf


def rows(seen: Sequence[Seen]) -> list[list[str]]:
    """Defect kind against sensors: right verdicts of all; in brackets what these cannot see."""
    there = [kind for kind in ('good', *DEFECTS) if any(s.label == kind for s in seen)]
    return [[kind, DEFECTS.get(kind, ''), *(cell(seen, kind, column) for column in COLUMNS)]
            for kind in there]


def cell(seen: Sequence[Seen], kind: str, column: str) -> str:
    chosen = [s for s in seen if s.label == kind and s.column == column]
    if not chosen:
        return '-'
    text = f'{sum(s.part.is_right for s in chosen)}/{len(chosen)}'
    return text if chosen[0].visible else f'({text})'


def table(summary: Summary) -> str:
    """For people."""
    alarms, frames = summary.empty.get('anomalous', 0), sum(summary.empty.values())
    return '\n'.join([
        '', 'parts judged right (brackets: these sensors cannot see the defect)',
        text_row(['defect', 'group', *COLUMNS.values()]), *map(text_row, rows(summary.seen)), '',
        f'{summary.right} of {len(summary.seen)} parts judged right, all sensors and faults; '
        f'{alarms} alarms in {frames} frames of the empty place',
        *(f'{what}: both sensors inspect again after {seconds:.2f} s'
          for what, seconds in summary.recoveries.items())])


def text_row(cells: Sequence[str]) -> str:
    return f'{cells[0]:<14} {cells[1]:<11}' + ''.join(f'{text:>15}' for text in cells[2:])
