"""
How long results stay away when a sensor is unplugged, and when it comes back, on a live graph.

Both sensors are lost in turn while the inspector runs with its default parameters. Results are
matched with what was sent by their stamps; times are those of arrival. One frame is the longer of
the source's period and the median interval of the results with both sensors, in this run.

gap_frames      from the last message of the lost sensor to the first result without it; must not
                exceed the pairing's deadline and 2 frames
recover_frames  from the first message of the returning sensor to the first result with both; at
                most 3
rate_ratio      results a second with one sensor over those with both, at least 0.95

The last line is JSON, the worst over all rates and both sensors.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from live_graph import MODEL, Camera, Graph, Sent, finish, graph, run

from dcmd_ros.frame import MODALITIES, Modality, Mode
from dcmd_ros.nodes.observer import Result
from dcmd_ros.stream.config import SECOND, PairingConfig

MOST_GAP, MOST_RECOVERY, LEAST_RATIO = 2.0, 3.0, 0.95  # frames beyond the deadline, frames, share
MODE: dict[tuple[Modality, ...], Mode] = {
    MODALITIES: 'both', ('rgb',): 'rgb_only', ('depth',): 'depth_only'}
PHASES: tuple[tuple[Modality, ...], ...] = (
    MODALITIES, ('rgb',), MODALITIES, ('depth',), MODALITIES)
HEADER = ('  Hz  deadline    frame  limit | gap: depth    rgb | back: depth    rgb | results/s: '
          'both rgb only depth only | ratio | lost')


@dataclass(frozen=True)
class Phase:
    """A stretch with the same sensors; `results` are those of the frames sent in it."""

    sensors: tuple[Modality, ...]
    sent: Sequence[Sent]
    results: Sequence[Result]

    @property
    def in_mode(self) -> list[Result]:
        """The results that the phase's sensors should give."""
        return [r for r in self.results if r.mode == MODE[self.sensors]]

    @property
    def first(self) -> float:
        """Arrival of the first of them."""
        return min((r.arrival for r in self.in_mode), default=float('inf'))

    def share(self, transition: float) -> float:
        """Such results for each frame sent after the transition, a time in seconds."""
        begin = self.sent[0].time + transition
        chosen = [sent.stamp for sent in self.sent if sent.time >= begin]
        stamps = {result.stamp for result in self.in_mode}
        return sum(stamp in stamps for stamp in chosen) / len(chosen)


@dataclass(frozen=True)
class Figures:
    """One rate; seconds unless said otherwise. Dictionaries are by lost sensor."""

    fps: float
    deadline: float
    frame: float
    gap: dict[Modality, float]
    recovery: dict[Modality, float]
    rates: dict[Mode, float]
    lost: int

    @property
    def limit(self) -> float:
        return self.deadline + MOST_GAP * self.frame

    @property
    def gap_frames(self) -> float:
        return max(self.gap.values()) / self.frame

    @property
    def recover_frames(self) -> float:
        return max(self.recovery.values()) / self.frame

    @property
    def ratio(self) -> float:
        both = self.rates['both']
        return min(self.rates['rgb_only'], self.rates['depth_only']) / both if both else 0.0

    def misses(self) -> list[str]:
        missed = {
            f'a gap of {self.gap_frames:.2f} frames': self.gap_frames * self.frame > self.limit,
            f'a return after {self.recover_frames:.2f} frames':
                self.recover_frames > MOST_RECOVERY,
            f'{self.ratio:.3f} of the rate': self.ratio < LEAST_RATIO}
        return [f'{what} at {self.fps:g} Hz' for what, holds in missed.items() if holds]

    def line(self) -> str:
        gap, back = ({s: v / self.frame for s, v in each.items()}
                     for each in (self.gap, self.recovery))
        return (f'{self.fps:4g}  {self.deadline * 1e3:5.0f} ms  {self.frame * 1e3:4.0f} ms  '
                f'{self.limit / self.frame:5.2f} |      {gap["depth"]:5.2f}  {gap["rgb"]:5.2f} | '
                f'      {back["depth"]:5.2f}  {back["rgb"]:5.2f} |      {self.rates["both"]:10.2f}'
                f' {self.rates["rgb_only"]:8.2f} {self.rates["depth_only"]:10.2f} | '
                f'{self.ratio:5.3f} | {self.lost:4d}')


def measure(fps: float, length: float, live: Graph, camera: Camera) -> Figures:
    """Go through the phases, `length` seconds each."""
    live.reset()
    before = camera.sent
    camera.warm_up(fps)
    sent = [camera.stream(fps, max(round(length * fps), 3), sensors) for sensors in PHASES]
    camera.drain()
    live.refresh()
    lost = camera.sent - before - live.count('rgb', 'received') - live.count('depth', 'received')
    results = {r.stamp: r for r in live.observer.results}
    return judge(fps, lost, [
        Phase(sensors, moments, [results[s.stamp] for s in moments if s.stamp in results])
        for sensors, moments in zip(PHASES, sent, strict=True)])


def judge(fps: float, lost: int, phases: Sequence[Phase]) -> Figures:
    config, period = PairingConfig(), round(SECOND / fps)
    whole = [phase for phase in phases if phase.sensors == MODALITIES]
    gap: dict[Modality, float] = {}
    recovery: dict[Modality, float] = {}
    for before, without, after in zip(phases, phases[1:], phases[2:], strict=False):
        if without in whole:
            continue
        missing = next(m for m in MODALITIES if m not in without.sensors)
        gap[missing] = without.first - before.sent[-1].time
        recovery[missing] = after.first - after.sent[0].time
    transition = config.lost_ns(period) / SECOND
    rates = {mode: fps * mean(p.share(transition) for p in phases if MODE[p.sensors] == mode)
             for mode in MODE.values()}
    return Figures(fps, config.deadline_ns(period) / SECOND,
                   max(1 / fps, interval(whole)), gap, recovery, rates, lost)


def interval(phases: Sequence[Phase]) -> float:
    """Median interval of the results with both sensors, seconds; 0 where there are too few."""
    gaps = []
    for phase in phases:
        arrivals = sorted(result.arrival for result in phase.in_mode)
        gaps += [b - a for a, b in zip(arrivals, arrivals[1:], strict=False)]
    return median(gaps) if gaps else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='phases of 1.5 s')
    parser.add_argument('--rates', default='5,15,30', help='of the source in Hz (5,15,30)')
    parser.add_argument('--seconds', type=float, help='of each phase (8)')
    parser.add_argument('--model', type=Path, default=MODEL)
    args = parser.parse_args()
    length = args.seconds or (1.5 if args.quick else 8.0)
    print(HEADER)
    found = []
    with graph(args.model) as live:
        camera = Camera(live)
        camera.start()
        for fps in map(float, args.rates.split(',')):
            found.append(measure(fps, length, live, camera))
            print(found[-1].line(), flush=True)
    finish({'gap_frames': round(max(f.gap_frames for f in found), 3),
            'recover_frames': round(max(f.recover_frames for f in found), 3),
            'rate_ratio': round(min(f.ratio for f in found), 4)},
           [miss for figures in found for miss in figures.misses()])


if __name__ == '__main__':
    run(main)
