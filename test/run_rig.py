"""Made-up runs of an inspector over a stream, for the tests of their report."""

from __future__ import annotations

import numpy as np

from dcmd_ros.evaluation.moments import Moment, Run
from dcmd_ros.frame import Frame

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
NAN = float('nan')


def moment(index: int, score: float, label: str | None = 'good', **more) -> Moment:
    verdict = 'unknown' if np.isnan(score) else 'anomalous' if score >= 0.5 else 'good'
    known = {'verdict': verdict, 'mode': 'both', 'degraded': False, 'latency_ms': 10.0 + index,
             'confidence': {'rgb': 0.9, 'depth': 0.8}, 'state': {'rgb': 'ok', 'depth': 'ok'}}
    return Moment(START + index * SECOND // 10, score=score, label=label, **{**known, **more})


def without_depth(index: int, score: float, label: str | None = 'good',
                  state: str = 'lost') -> Moment:
    return moment(index, score, label, mode='rgb_only', degraded=True,
                  confidence={'rgb': 0.9, 'depth': NAN}, state={'rgb': 'ok', 'depth': state})


def run(scores: dict[str | None, list[float]] | None = None, name: str = 'belt.mcap') -> Run:
    """A moment for each score, in this order."""
    labels = [(label, score) for label, part in (scores or {}).items() for score in part]
    return Run(name, 'm.pth', moments=[moment(i, score, label)
                                       for i, (label, score) in enumerate(labels)])


def stream(count: int = 300, seed: int = 0, truth: bool = True) -> Run:
    """With false alarms, misses, a lost sensor, unscored frames and pictures."""
    rng = np.random.default_rng(seed)
    made = Run('belt.mcap', 'm.pth')
    for index in range(count):
        bad = index // 10 % 4 == 3
        score = float(1 / (1 + np.exp(-rng.normal(1.5 if bad else -1.5, 1))))
        label = ('dent' if bad else 'good') if truth else None
        kind = without_depth if count // 4 <= index < count // 2 else moment
        one = kind(index, NAN if index % 40 == 5 else score, label)
        values = np.full((20, 30), 0.1, np.float32)
        mask = np.zeros((20, 30), bool)
        mask[4:8, 5:9] = bad
        values[4:8, 5:9] = score
        made.add(one, Frame(one.stamp, rgb=np.full((20, 30, 3), 90, np.uint8)), values,
                 mask if truth else None)
    return made
