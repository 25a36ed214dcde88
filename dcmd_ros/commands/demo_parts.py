"""The parts of a demo as they go by: what was said of each, and a line for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dcmd_ros.frame import MODALITIES
from dcmd_ros.network.quality import TRUSTED
from dcmd_ros.nodes.observer import Result

ALONE: dict[tuple[str, ...], str] = {('rgb',): 'rgb_only', ('depth',): 'depth_only'}


def sight(result: Result) -> str:
    """The mode by the sensors that the verdict rests on: one that is not trusted is left out."""
    seeing = tuple(name for name in MODALITIES if result.confidence[name] >= TRUSTED)
    return ALONE.get(seeing, result.mode)


@dataclass
class PartSeen:
    """
    One part that went by.

    about    what truth/label says, of its first frame with a result
    results  of the frames that show the whole part
    told     the keys of the inspector's own `~/part`, empty where it sent none
    """

    about: Mapping[str, Any]
    results: list[Result] = field(default_factory=list)
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def stamps(self) -> list[float]:
        """Of its frames, in seconds."""
        return [float(result.stamp) for result in self.results]

    @property
    def defect(self) -> str:
        """`good`, or what is wrong with it."""
        return str(self.about['defect'])

    @property
    def verdict(self) -> str:
        """The inspector's, else that of most frames; of as many, the graver one."""
        if self.told:
            return self.told['verdict']
        counts = Counter(result.verdict for result in self.results)
        return max(counts, key=lambda verdict: (counts[verdict], verdict == 'anomalous'))

    @property
    def score(self) -> float:
        """The inspector's, else the middle one of the frames'."""
        if self.told:
            return float(self.told['score'])
        known = sorted(r.score for r in self.results if not math.isnan(r.score))
        return known[len(known) // 2] if known else math.nan

    @property
    def sight(self) -> str:
        """That of most frames."""
        return Counter(map(sight, self.results)).most_common(1)[0][0]

    @property
    def is_right(self) -> bool:
        return self.verdict == ('good' if self.defect == 'good' else 'anomalous')

    def line(self) -> str:
        """For people."""
        last, about, wrong = self.results[-1], self.about, '' if self.is_right else '  <-- wrong'
        trust = ' '.join(f'{name} {"-" if math.isnan(value) else format(value, ".2f"):>4}'
                         for name, value in last.confidence.items())
        truth = self.defect + (f' ({about["group"]})' if about['group'] else '')
        return (f'part {about["part"]:3} {about["kind"]:<8} {self.sight:<10} {self.verdict:<9} '
                f'{self.score:.3f}  trust {trust}  frames {len(self.results)} '
                f'{last.latency_ms:4.0f} ms  truth: {truth}{wrong}')


class PartsSeen:
    """
    Takes results, with the truth by stamp, and tells each part when the next one has come.

    labels  of the observer, by stamp
    parts   in the order of their coming
    empty   verdicts on the empty place
    """

    def __init__(self) -> None:
        self.labels: Mapping[str, Mapping[str, Any]] = {}
        self.parts: list[PartSeen] = []
        self.empty: Counter[str] = Counter()
        self._told = 0

    def __call__(self, result: Result) -> None:
        about = self.labels.get(result.stamp)
        if about is None:
            return
        if about['view'] == 'empty':
            self.empty[result.verdict] += 1
        if about['view'] != 'whole':
            return
        if not self.parts or self.parts[-1].about['part'] != about['part']:
            self.tell()
            self.parts.append(PartSeen(about))
        self.parts[-1].results.append(result)

    def judged(self, told: Mapping[str, str]) -> None:
        """Take the keys of `~/part`."""
        for part in reversed(self.parts):
            if any(result.stamp == told['best_stamp'] for result in part.results):
                part.told = told
                return

    def tell(self) -> None:
        """Print what has not been told yet."""
        for part in self.parts[self._told:]:
            print(part.line(), flush=True)
        self._told = len(self.parts)
