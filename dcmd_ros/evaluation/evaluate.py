"""Runs an inspector over labelled samples under the conditions of the degradation matrix."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from dcmd_ros.errors import DcmdError
from dcmd_ros.evaluation import metrics
from dcmd_ros.evaluation.conditions import MODES, check, degraded, plan
from dcmd_ros.evaluation.metrics import METRICS, mean_of
from dcmd_ros.evaluation.scores import Score
from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.inspection import THRESHOLD, Inspection
from dcmd_ros.training.datasets import Dataset, Sample

Figures = dict[str, float]
Truth = NDArray[np.bool_] | None


class EvaluationError(DcmdError):
    """The data cannot be evaluated."""


class Inspects(Protocol):
    """What `dcmd_ros.inspector.Inspector` does here."""

    def inspect(self, frame: Frame) -> Inspection: ...


@dataclass(frozen=True)
class Observation:
    """One inspection as it happens, for pictures: `variant` as in evaluation/conditions.py."""

    category: str
    sample: str
    variant: str
    frame: Frame
    truth: Truth
    inspection: Inspection


@dataclass
class Gathered:
    """All samples of one condition."""

    scores: list[Score] = field(default_factory=list)
    pixels: metrics.PixelScores = field(default_factory=metrics.PixelScores)
    without_truth: int = 0

    def add(self, condition: str, sample: Sample, seen: Observation, latency: float) -> None:
        """A defective sample without truth counts in the image figures alone."""
        result = seen.inspection
        score = Score(seen.category, condition, sample.name, sample.label, result.score,
                      result.verdict, result.confidence['rgb'], result.confidence['depth'],
                      round(latency, 3))
        self.scores.append(score)
        if seen.truth is None and score.anomalous:
            self.without_truth += 1
        else:
            self.pixels.add(result.map, seen.truth)

    def figures(self) -> Figures:
        """The contract's metrics, in its order."""
        anomalous = [score.anomalous for score in self.scores]
        found = {**metrics.image_metrics(anomalous, [score.score for score in self.scores]),
                 **self.pixels.metrics(),
                 'confidence_rgb': mean_of([score.confidence_rgb for score in self.scores]),
                 'confidence_depth': mean_of([score.confidence_depth for score in self.scores])}
        return {name: found[name] for name in METRICS}

    def detail(self, seed: int) -> dict[str, Any]:
        """95 % intervals, counts, and how well each kind of defect is told from good."""
        anomalous = [score.anomalous for score in self.scores]
        values = [score.score for score in self.scores]
        good = [score for score in self.scores if not score.anomalous]
        alarms = sum(score.score >= THRESHOLD for score in good)
        rng = np.random.default_rng(seed)
        return {
            'good': len(good), 'defective': sum(anomalous),
            'i_auroc_interval': metrics.auroc_interval(anomalous, values, rng),
            'far_interval': metrics.wilson_interval(alarms, len(good)),
            'verdicts': dict(Counter(score.verdict for score in self.scores)),
            'latency_ms': float(np.median([score.latency_ms for score in self.scores])),
            'kinds': {label: kind_detail([s for s in self.scores if s.label == label], good)
                      for label in dict.fromkeys(s.label for s in self.scores if s.anomalous)}}


def evaluate(inspector: Inspects, dataset: Dataset, conditions: Sequence[str] = MODES,
             progress: bool = True, *, split: str = 'test', seed: int = 0,
             observe: Callable[[Observation], None] | None = None) -> dict[str, Any]:
    """
    The figures of one category: the shape of metrics.json, and more.

    :param conditions: names of evaluation/conditions.py
    :param progress: a bar on stderr
    :param seed: of the faults' random part and of the bootstrap
    :param observe: is shown every inspection, once for each sample and variant
    :return: `categories` and `mean` as the contract has them; `detail` with intervals, counts and
        figures for each kind of defect; `notes`, what a reader should know; `scores`, a `Score`
        for each sample and condition. What is not defined is NaN.
    :raises EvaluationError: no samples, or a truth of another size than its map
    :raises ConditionError: an unknown condition
    """
    names = check(tuple(conditions))
    samples = dataset.split(split)
    if not samples:
        raise EvaluationError(f'{dataset.category}: no samples in its {split} split')
    plans = {name: plan(name, len(samples), seed) for name in names}
    needed = [list(dict.fromkeys(variants)) for variants in zip(*plans.values(), strict=True)]
    gathered = {name: Gathered() for name in names}
    emptied: dict[str, list[str]] = {}
    previous = frame_of(samples[-1], dataset.intrinsics, 0)
    with tqdm(total=sum(map(len, needed)), desc=dataset.category, unit='frame',
              disable=not progress) as bar:
        for index, sample in enumerate(samples):
            frame = frame_of(sample, dataset.intrinsics, index + 1)
            truth = sample.truth()
            for variant in needed[index]:
                seen = degraded(variant, frame, previous, sample.name, seed)
                bar.update()
                if seen.mode is None:  # the condition takes the only sensor that the sample has
                    emptied.setdefault(variant, []).append(sample.name)
                    continue
                inspection, latency = timed(inspector, seen)
                observation = Observation(dataset.category, sample.name, variant, seen, truth,
                                          inspection)
                check_size(observation)
                for name in names:
                    if plans[name][index] == variant:
                        gathered[name].add(name, sample, observation, latency)
                if observe:
                    observe(observation)
            previous = frame
    left = {name: part for name, part in gathered.items() if part.scores}
    notes = [f'{dataset.category}: without a sensor under {variant}, and not counted there: '
             f'{listed(gone)}' for variant, gone in emptied.items()]
    return summary(dataset.category, left, seed, notes)


def listed(names: Sequence[str]) -> str:
    """The first three of some samples, and how many more there are."""
    more = f' and {len(names) - 3} more' if len(names) > 3 else ''
    return ', '.join(names[:3]) + more


def frame_of(sample: Sample, intrinsics: Intrinsics | None, stamp: int) -> Frame:
    """The sample as the pinhole RGB-D camera delivers it that `play` simulates."""
    images = sample.load()
    return Frame(stamp, rgb=images.rgb, depth=images.depth, intrinsics=intrinsics)


def timed(inspector: Inspects, frame: Frame) -> tuple[Inspection, float]:
    """One inspection and its milliseconds."""
    began = time.perf_counter()
    inspection = inspector.inspect(frame)
    return inspection, 1e3 * (time.perf_counter() - began)


def check_size(seen: Observation) -> None:
    """:raises EvaluationError: the truth is of another size than the map"""
    if seen.truth is not None and seen.truth.shape != seen.inspection.map.shape:
        sizes = ['x'.join(map(str, one.shape[::-1])) for one in (seen.truth, seen.inspection.map)]
        raise EvaluationError(f'{seen.category} {seen.sample}: the truth has {sizes[0]} pixels, '
                              f'the image {sizes[1]}; they must agree')


def kind_detail(defective: Sequence[Score], good: Sequence[Score]) -> Figures:
    """One kind of defect: its number, I-AUROC against all good parts, share found."""
    anomalous = [True] * len(defective) + [False] * len(good)
    scores = [score.score for score in (*defective, *good)]
    return {'count': len(defective), 'i_auroc': metrics.i_auroc(anomalous, scores),
            'found': float(np.mean([score.score >= THRESHOLD for score in defective]))}


def summary(category: str, gathered: dict[str, Gathered], seed: int,
            told: Sequence[str] = ()) -> dict[str, Any]:
    """What `evaluate` returns."""
    with metrics.warnings_as_notes() as undefined:
        figures = {name: part.figures() for name, part in gathered.items()}
        detail = {name: part.detail(seed) for name, part in gathered.items()}
    notes = [*told, *(f'{category}: {text}' for text in undefined)]
    lacking = max(part.without_truth for part in gathered.values())
    if lacking:
        notes.append(f'{category}: {lacking} defective samples have no truth mask and count '
                     'in the image figures alone')
    for name, part in gathered.items():
        if unknown := detail[name]['verdicts'].get('unknown'):
            notes.append(f'{category}: {unknown} of {len(part.scores)} samples have no verdict '
                         f'under {name}: no sensor of theirs is trusted, or nothing of the part '
                         'could be scored')
    return {'categories': {category: figures}, 'mean': figures, 'detail': {category: detail},
            'notes': notes, 'scores': [s for part in gathered.values() for s in part.scores]}


def combined(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several categories' results as one, `mean` over the categories that have the figure."""
    categories = {name: figures for one in results for name, figures in one['categories'].items()}
    conditions = dict.fromkeys(name for figures in categories.values() for name in figures)
    mean = {name: averaged([figures[name] for figures in categories.values() if name in figures])
            for name in conditions}
    return {'categories': categories, 'mean': mean,
            'detail': {name: part for one in results for name, part in one['detail'].items()},
            'notes': [note for one in results for note in one['notes']],
            'scores': [score for one in results for score in one['scores']]}


def averaged(figures: Sequence[Figures]) -> Figures:
    """The mean of each figure, over those that are not NaN."""
    return {name: mean_of([one[name] for one in figures]) for name in figures[0]}
