"""A run of the inspector over a stream: its results, what was lost, the worst pictures."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.evaluation import panels
from dcmd_ros.evaluation.metrics import PixelScores
from dcmd_ros.evaluation.worst import Worst
from dcmd_ros.frame import MODALITIES, Frame, Mode
from dcmd_ros.inspection import THRESHOLD, Inspection, Verdict
from dcmd_ros.stream import stamps
from dcmd_ros.stream.health import LOSSES
from dcmd_ros.training.truth import Mask, Truth

NAN = float('nan')
SEEN_BY = {'both': MODALITIES, 'rgb_only': ('rgb',), 'depth_only': ('depth',)}


@dataclass(frozen=True)
class Moment:
    """
    One result of a run of the inspector over a stream.

    stamp       nanoseconds
    score       in (0, 1), NaN where nothing could be scored
    latency_ms  NaN where it was not measured
    confidence  of `rgb` and `depth` in [0, 1], NaN where absent
    state       health of each sensor, as on `~/inspection`
    label       `good`, a defect's name, None where unknown
    """

    stamp: int
    verdict: str
    score: float
    mode: str
    degraded: bool
    latency_ms: float = NAN
    confidence: Mapping[str, float] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None

    @property
    def evidence(self) -> float:
        """The score, NaN where there was no part to alarm for."""
        return NAN if self.verdict == 'no_part' else self.score

    @property
    def alarm(self) -> bool:
        """Whether the evidence reaches the shipped threshold."""
        return self.evidence >= THRESHOLD

    @property
    def defective(self) -> bool:
        return self.label not in (None, 'good')

    @property
    def shortfall(self) -> str:
        """Which sensor is missing or not to be trusted, and its state; empty if not degraded."""
        if not self.degraded:
            return ''
        seen = SEEN_BY.get(self.mode, ())
        words = {m: self.state.get(m, 'ok') for m in MODALITIES}
        causes = [f'{m} {"absent" if word == "ok" else word}' for m, word in words.items()
                  if m not in seen or word in LOSSES]
        return ', '.join(causes) or 'degraded'

    def written(self) -> dict[str, Any]:
        """As run.json has it."""
        return {**vars(self), 'stamp': stamps.seconds(self.stamp),
                'confidence': dict(self.confidence), 'state': dict(self.state)}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Moment:
        """:raises KeyError, TypeError, ValueError: not as `written` writes it"""
        return cls(stamps.parsed(said['stamp']), str(said['verdict']), number(said['score']),
                   str(said['mode']), bool(said['degraded']), number(said['latency_ms']),
                   {str(name): number(value) for name, value in said['confidence'].items()},
                   {str(name): str(state) for name, state in said['state'].items()},
                   None if said['label'] is None else str(said['label']))


def number(value: Any) -> float:
    """A number of run.json, NaN for null."""
    return NAN if value is None else float(value)


@dataclass
class Run:
    """
    What a run gave, filled by `add` while frames stream by; no frame is kept.

    kind      `replay`: offline; `live`: through DDS
    drops     what did not become a result, by cause
    missing   stamps of frames that came and have no result, where those are known
    notes     plain sentences: what was missing, recovered, lost
    pixels    of the maps whose truth is known
    pictures  of the worst false alarms and misses, and of alarms without truth
    """

    name: str
    model: str
    kind: Literal['replay', 'live'] = 'replay'
    moments: list[Moment] = field(default_factory=list)
    drops: dict[str, int] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pixels: PixelScores = field(default_factory=PixelScores)
    pictures: Worst = field(default_factory=Worst)
    unmeasured: Counter[str] = field(default_factory=Counter)

    def add(self, moment: Moment, frame: Frame | None = None,
            scores: NDArray[np.float32] | None = None, mask: Mask | None = None) -> None:
        """
        One result, in the order of stamps.

        :param frame: what was seen, for the pictures
        :param scores: (H, W), the anomaly map, for the pictures and the pixel metrics
        :param mask: (H, W), the truth
        """
        self.moments.append(moment)
        if scores is None:
            return
        if mask is not None and mask.shape != scores.shape:
            self.unmeasured['their mask has another size than the map'] += 1
            mask = None
        elif mask is not None or moment.label == 'good':
            self.pixels.add(scores, mask)
        elif moment.defective:
            self.unmeasured['they are defective and have no mask'] += 1
        if frame is not None:
            seen = frame
            self.offer(moment, lambda: picture(moment, seen, scores, mask))

    def settle(self, truth: Truth, frames: Iterable[int] = ()) -> None:
        """
        At the end of the run: labels of rows that name frames by number, and truth's notes.

        :param frames: stamps of frames that came, also of those without a result
        """
        truth.resolve([*frames, *(moment.stamp for moment in self.moments)])
        self.moments = [
            dataclasses.replace(moment, label=truth.label_at(moment.stamp) or moment.label)
            for moment in self.moments]
        self.notes += truth.notes

    def offer(self, moment: Moment, draw: Callable[[], bytes]) -> None:
        """Keep the picture that `draw` makes, a JPEG, if the moment is among the worst."""
        badness = moment.evidence
        if moment.defective:
            badness = np.inf if np.isnan(badness) else -badness
        self.pictures.offer(pile_of(moment), badness, moment.stamp, draw)


def pile_of(moment: Moment) -> str:
    """Where a moment's picture belongs."""
    if moment.label is None:
        return 'unlabelled'
    return 'defective' if moment.defective else 'good'


def picture(moment: Moment, frame: Frame, scores: NDArray[np.float32],
            mask: Mask | None) -> bytes:
    """The moment's panel as a JPEG."""
    trust = {m: moment.confidence.get(m, NAN) for m in MODALITIES}
    drawn = Inspection(moment.stamp, frame.frame_id, cast(Mode, moment.mode),
                       cast(Verdict, moment.verdict), moment.score, scores,
                       np.where(scores >= THRESHOLD, 255, 0).astype(np.uint8), trust)
    panel = panels.panel(frame, mask, drawn, moment.label or 'unknown')
    return panels.encoded(panels.narrowed(panel), '.jpg')
