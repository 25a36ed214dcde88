"""Which engine runs the network: the fastest that says the same as torch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

from dcmd_ros.frame import MODES
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.engine import Engine, EngineError, Runtime
from dcmd_ros.network.engine_build import build
from dcmd_ros.network.engine_cache import Cache, fingerprint, short
from dcmd_ros.network.engine_samples import samples
from dcmd_ros.network.preparation import Prepared

# Of evidence, relative to 1 + what torch says; a good part's maxima spread by 1. Where bf16
# differed by less, no verdict of 368 parts did, nor AUROC by 0.1 points (docs/engine.md).
AGREED = {'f32': 0.02, 'bf16': 0.1}
_ROUNDS = 7

_TORCH = ('torch', '')

Which = tuple[str, str]  # runtime and precision
Build = Callable[[Path, Runtime, Callable[[str], None]], None]


@dataclass(frozen=True)
class Choice:
    """
    What was chosen and why.

    engine   None: torch
    reason   in words, with the figures it was chosen by
    """

    engine: Engine | None
    reason: str


class Chooser:
    """
    Exports, loads, compares and times the engines of one model.

    :param detector: whose torch network is the measure; it is not changed
    :param tell: gets lines of progress
    """

    def __init__(self, model: Path, detector: Detector, threads: int,
                 tell: Callable[[str], None], build: Build = build,
                 clock: Callable[[], float] = time.perf_counter) -> None:
        self._torch = copy.copy(detector)
        self._torch.engine = None
        self._threads, self._tell, self._build, self._clock = threads, tell, build, clock
        self._cache = Cache(model)
        self._samples = samples(detector.network.config.size)

    def choose(self, runtimes: Mapping[str, Runtime], insist: bool = False) -> Choice:
        """
        The fastest of these and, unless one insists on them, torch.

        What was chosen is remembered for this model, code, processor, these libraries and
        threads. It has to agree again each time, but is timed once.

        :raises EngineError: one insists and none can be had, or none agrees with torch.
        """
        made_of = [fingerprint(self._cache.model, r) for r in runtimes.values()]
        key = 'choice-' + short({'made_of': made_of, 'threads': self._threads, 'insist': insist})
        known = self._cache.recall(key)
        if known.get('engine') == 'torch':
            return Choice(None, str(known.get('reason', '')))
        for name, runtime in runtimes.items():
            if name == known.get('engine') and known.get('precision') in runtime.precisions():
                engine = self._load(runtime, known['precision'])
                if self._disagreement(engine) <= AGREED[known['precision']]:
                    return Choice(engine, str(known.get('reason', '')))
        return self._measure(runtimes, key, insist)

    def _measure(self, runtimes: Mapping[str, Runtime], key: str, insist: bool) -> Choice:
        engines, refused, failed = self._tried(runtimes)
        if insist and not engines:
            raise EngineError('; '.join([*refused, *failed]))
        times = self._times({_TORCH: None, **engines})
        best = min(engines if insist else times, key=times.__getitem__)
        told = [f'{" ".join(filter(None, which))} {ms:.1f} ms'
                for which, ms in sorted(times.items(), key=lambda item: item[1])]
        reason = ', '.join([*told, *refused, *failed])
        if not failed:
            self._cache.note(key, {'engine': best[0], 'precision': best[1], 'reason': reason})
        return Choice(engines.get(best), reason)

    def _tried(self, runtimes: Mapping[str, Runtime],
               ) -> tuple[dict[Which, Engine], list[str], list[str]]:
        """What agrees with torch; why the others do not, or what kept them from being there."""
        found: dict[Which, Engine] = {}
        refused, failed = [], []
        for name, runtime in runtimes.items():
            for precision in runtime.precisions():
                try:
                    engine = self._load(runtime, precision)
                except EngineError as error:
                    failed.append(str(error))
                    continue
                apart = self._disagreement(engine)
                if apart <= AGREED[precision]:
                    found[name, precision] = engine
                else:
                    refused.append(f'{engine.name} differs from torch by {apart:.2g}, more than '
                                   f'{AGREED[precision]:g}')
        return found, refused, failed

    def _load(self, runtime: Runtime, precision: str) -> Engine:
        files = self._cache.find(runtime)
        if files is None:
            self._build(self._cache.model, runtime, self._tell)
            files = self._cache.find(runtime)
        if files is None:
            raise EngineError(f'engine {runtime.name}: what was exported is not whole; is the '
                              'disk full?')
        try:
            return runtime.load(files, precision, self._threads)
        except Exception as error:  # each library has errors of its own
            text = ' '.join(str(error).split())
            raise EngineError(f'engine {runtime.name} does not load the network: '
                              f'{text}') from error

    def _disagreement(self, engine: Engine) -> float:
        """The largest relative difference of evidence or trust, infinite where cells differ."""
        return max(disagreement(self._torch, with_engine(self._torch, engine), prepared)
                   for prepared in self._samples)

    def _times(self, engines: Mapping[Which, Engine | None]) -> dict[Which, float]:
        """Median milliseconds of a frame with both sensors, in alternating rounds."""
        detectors = {which: with_engine(self._torch, e) for which, e in engines.items()}
        times: dict[Which, list[float]] = {which: [] for which in detectors}
        for _ in range(_ROUNDS):
            for which, detector in detectors.items():
                begin = self._clock()
                detector(self._samples[0], 'both')
                times[which].append((self._clock() - begin) * 1e3)
        return {which: median(each) for which, each in times.items()}


def with_engine(detector: Detector, engine: Engine | None) -> Detector:
    """The same detector on another engine."""
    changed = copy.copy(detector)
    changed.engine = engine
    return changed


def disagreement(one: Detector, other: Detector, prepared: Prepared) -> float:
    """Largest |a - b| / (1 + |a|) of evidence and |a - b| of trust, over the modes."""
    worst = 0.0
    for mode in MODES:
        sights = [d.look([prepared], mode) for d in (one, other)]
        (a, seen), (b, too) = (d.judge(s) for d, s in zip((one, other), sights, strict=True))
        if not torch.equal(seen, too):
            return float('inf')
        worst = max(worst, float(((a - b).abs() / (1 + a.abs()))[seen].max()), *(
            float((sights[0].trust[m] - sights[1].trust[m]).abs().max())
            for m in sights[0].trust))
    return worst
