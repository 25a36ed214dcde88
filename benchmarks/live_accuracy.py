"""
Plays a data set's test parts into a live inspector and compares with the same frames offline.

`play` and `inspect` are two processes, reliable at both ends; scores are read off `~/inspection`
and joined with the truth by stamp. Offline the same frames, with the sensors that the live result
had, go straight into an Inspector.

live_i_auroc, offline_i_auroc  over the frames that got a result; must agree to 0.001
played, results, share         frames, and those that got a result; at least 0.95
unaccounted                    images in no frame and frames without a result, less the drops by
                               cause in /diagnostics; none

--drop adds a second pass in which depth is unplugged in the middle third: those frames must come
as rgb_only, with the verdicts that colour alone gets offline. The last line is JSON.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from live_graph import Graph, child, finish, graph, run
from tqdm import tqdm

from dcmd_ros.evaluation.metrics import i_auroc
from dcmd_ros.frame import Frame
from dcmd_ros.inspection import Inspection
from dcmd_ros.inspector import Inspector
from dcmd_ros.nodes.observer import Result
from dcmd_ros.training.datasets import GOOD, Dataset, Sample, open_dataset

AGREE, LEAST_SHARE = 1e-3, 0.95
QUICK_FRAMES = 60
SPLIT = 'test'


@dataclass(frozen=True)
class Played:
    """One frame that got a result, live and offline."""

    sample: Sample
    live: Result
    offline: Inspection

    @property
    def anomalous(self) -> bool:
        return self.sample.label != GOOD


@dataclass(frozen=True)
class Pass:
    """One run of the data set; `withheld` counts depth images that the fault kept back."""

    frames: Sequence[Played]
    played: int
    withheld: int
    unaccounted: int
    causes: str

    @property
    def share(self) -> float:
        return len(self.frames) / self.played

    @property
    def live(self) -> float:
        return auroc([(f.anomalous, f.live.score) for f in self.frames])

    @property
    def offline(self) -> float:
        return auroc([(f.anomalous, f.offline.score) for f in self.frames])

    @property
    def alone(self) -> list[Played]:
        """The frames judged by colour alone."""
        return [f for f in self.frames if f.live.mode == 'rgb_only']

    def differing(self) -> list[Played]:
        """Those whose verdict is not the one that they get offline."""
        return [f for f in self.frames if f.live.verdict != f.offline.verdict]

    def misses(self) -> Iterator[str]:
        if not abs(self.live - self.offline) <= AGREE:
            yield f'live and offline differ: {self.live:.4f} and {self.offline:.4f}'
        if self.share < LEAST_SHARE:
            yield f'only {self.share:.3f} of the frames got a result'
        if self.unaccounted:
            yield f'{self.unaccounted} unaccounted for'
        if len(self.alone) < LEAST_SHARE * self.withheld:
            yield f'depth was away {self.withheld} times, {len(self.alone)} results say rgb_only'
        for frame in self.differing():
            yield (f'{frame.sample.name} ({frame.live.mode}): {frame.live.verdict} live, '
                   f'{frame.offline.verdict} offline')

    def tell(self) -> None:
        apart = [abs(f.live.score - f.offline.score) for f in self.frames]
        modes = {mode: sum(f.live.mode == mode for f in self.frames)
                 for mode in sorted({f.live.mode for f in self.frames})}
        print(f'{self.played} played, {len(self.frames)} results {modes}, '
              f'{self.withheld} without depth; {self.causes}')
        print(f'I-AUROC live {self.live:.4f}, offline {self.offline:.4f}; largest difference of '
              f'a score {np.nanmax(apart):.2e}; {len(self.differing())} verdicts differ')


def auroc(scored: Sequence[tuple[bool, float]]) -> float:
    return i_auroc([anomalous for anomalous, _ in scored], [score for _, score in scored])


def play(dataset: Dataset, judge: Inspector, args: argparse.Namespace, fault: str) -> Pass:
    """One pass with processes of its own."""
    with graph(args.model, '-p', 'input_reliability:=reliable') as live:
        played = stream(live, str(dataset.folder), '--fps', str(args.fps), '--fault', fault)
        unaccounted = live.settle(sum(played['sent'].values()))
        labels = live.observer.labels
        live.wait(lambda: len(labels) == played['frames'], 'labels were lost; again', limit=10.0)
        results = {r.stamp: r for r in live.observer.results}
        causes = live.tell_drops()
    by_file = {str(s.file.relative_to(dataset.folder)): s for s in dataset.split(SPLIT)}
    frames = [compare(by_file[labels[stamp]['file']], result, dataset, judge)
              for stamp, result in tqdm(results.items(), desc='offline', unit='frame')]
    return Pass(frames, played['frames'], played['withheld'].get('depth', 0), unaccounted, causes)


def stream(live: Graph, *arguments: str) -> dict[str, Any]:
    """Run `play`, which waits for the inspector, to its end; its figures."""
    with child('play', *arguments, '--json', environment=live.environment) as player:
        live.wait(live.is_active, 'the inspector is not ready')
        live.wait(lambda: player.process.poll() is not None, '`play` does not end', limit=3600.0)
        return player.figures()


def compare(sample: Sample, result: Result, dataset: Dataset, judge: Inspector) -> Played:
    images = sample.load()
    frame = Frame(0, rgb=None if result.mode == 'depth_only' else images.rgb,
                  depth=None if result.mode == 'rgb_only' else images.depth,
                  intrinsics=dataset.intrinsics)
    return Played(sample, result, judge.inspect(frame))


@contextmanager
def thinned(dataset: Dataset) -> Iterator[Dataset]:
    """At most QUICK_FRAMES of the test parts, evenly; the folder is made of links."""
    samples = dataset.split(SPLIT)
    kept = {(s.label, s.file.stem) for s in samples[::-(-len(samples) // QUICK_FRAMES)]}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / dataset.category
        target.mkdir()
        for entry in dataset.folder.iterdir():
            if entry.name != SPLIT:
                (target / entry.name).symlink_to(entry.resolve())
        for file in (dataset.folder / SPLIT).glob('*/*/*'):
            if (file.parts[-3], file.stem) in kept:
                link = target / file.relative_to(dataset.folder)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file.resolve())
        yield open_dataset(Path(folder), dataset.category, dataset.layout)


def measure(dataset: Dataset, args: argparse.Namespace) -> None:
    judge = Inspector(args.model)
    whole = play(dataset, judge, args, '')
    whole.tell()
    figures: dict[str, object] = {
        'live_i_auroc': round(whole.live, 4), 'offline_i_auroc': round(whole.offline, 4),
        'played': whole.played, 'results': len(whole.frames), 'share': round(whole.share, 4),
        'unaccounted': whole.unaccounted}
    misses = list(whole.misses())
    if args.drop:
        third = whole.played / args.fps / 3
        broken = play(dataset, judge, args, f'drop depth {third:.2f}s-{2 * third:.2f}s')
        broken.tell()
        figures['drop'] = {
            'played': broken.played, 'results': len(broken.frames), 'withheld': broken.withheld,
            'rgb_only': len(broken.alone), 'verdicts_differing': len(broken.differing()),
            'unaccounted': broken.unaccounted}
        misses += broken.misses()
    finish(figures, misses)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, metavar='DATA', help='folder of the data set')
    parser.add_argument('category', metavar='CATEGORY')
    parser.add_argument('--model', type=Path, required=True)
    parser.add_argument('--fps', type=float, default=10.0, help='frames a second (10)')
    parser.add_argument('--drop', action='store_true', help='a second pass that loses depth')
    parser.add_argument('--quick', action='store_true',
                        help=f'at most {QUICK_FRAMES} frames (data in test/LABEL/SENSOR/FILE)')
    args = parser.parse_args()
    dataset = open_dataset(args.data, args.category)
    with thinned(dataset) if args.quick else nullcontext(dataset) as chosen:
        measure(chosen, args)


if __name__ == '__main__':
    run(main)
