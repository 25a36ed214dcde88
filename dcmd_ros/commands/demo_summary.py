"""What a demo run showed: results joined with the truth by stamp."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dcmd_ros.evaluation.metrics import i_auroc
from dcmd_ros.frame import MODES
from dcmd_ros.nodes.observer import Result
from dcmd_ros.simulation import DEFECTS

VISIBLE = {
    'both': {'geometry', 'appearance', 'both'},
    'rgb_only': {'appearance', 'both'},
    'depth_only': {'geometry', 'both'},
}
LEAST_AUROC = 0.9
MOST_FALSE_ALARMS = 0.05
LONGEST_RECOVERY_S = 3.0


@dataclass(frozen=True)
class Seen:
    """One result beside the truth about its part."""

    result: Result
    label: str

    @property
    def visible(self) -> bool:
        """Whether the part is good, or has a defect that the result's mode can see."""
        return self.label == 'good' or DEFECTS[self.label] in VISIBLE[self.result.mode]


@dataclass(frozen=True)
class Summary:
    """The figures of the contract, and what they rest on."""

    i_auroc: dict[str, float]
    false_alarm_rate: float
    recover_s: float
    unaccounted: int
    seen: Sequence[Seen]

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


def join(results: Sequence[Result], labels: dict[str, dict[str, str]]) -> list[Seen]:
    """The results whose truth is known."""
    return [Seen(r, labels[r.stamp]['label']) for r in results if r.stamp in labels]


def summarise(seen: Sequence[Seen], recoveries: Sequence[float], unaccounted: int) -> Summary:
    """The figures over all results; NaN for a mode that never came makes `ok` false."""
    good = [s for s in seen if s.label == 'good']
    alarms = sum(s.result.verdict == 'anomalous' for s in good)
    return Summary(
        {mode: auroc(seen, mode) for mode in MODES},
        alarms / len(good) if good else math.nan, max(recoveries), unaccounted, seen)


def auroc(seen: Sequence[Seen], mode: str) -> float:
    """Image AUROC in one mode, over good parts and the defects that the mode can see."""
    chosen = [s for s in seen if s.result.mode == mode and s.visible]
    return i_auroc([s.label != 'good' for s in chosen], [s.result.score for s in chosen])


def recovery(results: Sequence[Result], returned: float) -> float:
    """Seconds from the sensor's return to the first result with both; inf where none came."""
    back = [r.arrival for r in results if r.mode == 'both' and r.arrival >= returned]
    return min(back) - returned if back else math.inf


def table(summary: Summary) -> str:
    """Defect kind against mode: right verdicts of all, for people."""
    kinds = sorted({s.label for s in summary.seen}, key=lambda kind: (kind != 'good', kind))
    lines = [f'{"part":<16}' + ''.join(f'{mode:>14}' for mode in MODES)]
    for kind in kinds:
        lines.append(f'{kind:<16}' + ''.join(cell(summary.seen, kind, mode) for mode in MODES))
    return '\n'.join(['', 'right verdicts (brackets: the mode cannot see this defect)', *lines])


def cell(seen: Sequence[Seen], kind: str, mode: str) -> str:
    chosen = [s for s in seen if s.label == kind and s.result.mode == mode]
    if not chosen:
        return f'{"-":>14}'
    wanted = 'good' if kind == 'good' else 'anomalous'
    text = f'{sum(s.result.verdict == wanted for s in chosen)}/{len(chosen)}'
    return f'{text if chosen[0].visible else f"({text})":>14}'
