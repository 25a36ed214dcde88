"""
The live graph when its cores are taken away, and how long it takes to the first verdict.

The camera sends both sensors at 640x480, `--fps` frames a second. Quiet stretches alternate with
stretches in which another process burns every core; then the inspector has to leave frames out,
and never to fall behind. Latencies are from just before the first message is published to the
arrival of the result, in periods of the camera.

quiet, loaded   {"p50_frames", "p95_frames", "dropped": share of the frames without a result,
                "growth": latency of the last third of a stretch less that of its first, in frames}
                medians over the stretches; limit: p95 of 3 frames under load
unaccounted     frames that are in no result and no counter, in all
first_verdict_s from before the inspector's process to the first result: {"empty": with no exported
                network, "warm": with what the first start has left}; the camera renders its parts
                meanwhile, and then sends without a pause. Limits: 15 and 6 s

The last line is JSON.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from latency import await_engine
from live_graph import LIMIT, Camera, Graph, Sent, finish, graph, parser, run

from dcmd_ros.errors import DcmdError
from dcmd_ros.nodes.observer import Result

BEHIND = 3.0  # frames
FIRST = {'empty': 15.0, 'warm': 6.0}
BURN = ('import os\n'
        'for _ in range(len(os.sched_getaffinity(0)) - 1):\n'
        '    if not os.fork(): break\n'
        'while True: pass')

Figures = dict[str, float]


@contextmanager
def burning() -> Iterator[None]:
    """Another process that keeps every core busy, with children of its own."""
    with subprocess.Popen([sys.executable, '-c', BURN], start_new_session=True) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def told(sent: Sequence[Sent], results: Sequence[Result], fps: float) -> Figures:
    """Of one stretch."""
    begun = {one.stamp: one.time for one in sent}
    late = [(r.arrival - begun[r.stamp]) * fps for r in results if r.stamp in begun]
    if len(late) < 3:
        raise DcmdError(f'{len(late)} results of {len(sent)} frames')
    third = len(late) // 3
    p50, p95 = np.percentile(late, (50, 95))
    return {'p50_frames': float(p50), 'p95_frames': float(p95),
            'dropped': 1 - len(late) / len(sent),
            'growth': median(late[-third:]) - median(late[:third])}


def stretch(live: Graph, camera: Camera, fps: float, seconds: float) -> tuple[Figures, int]:
    """Figures of some seconds, and the frames that are nowhere counted."""
    camera.drain()
    live.reset()
    before = camera.sent
    sent = camera.stream(fps, max(round(seconds * fps), 10))
    camera.drain()
    results = list(live.observer.results)
    return told(sent, results, fps), live.settle(camera.sent - before)


def alternating(live: Graph, camera: Camera, fps: float, seconds: float, rounds: int,
                ) -> tuple[dict[str, list[Figures]], int]:
    """Quiet and loaded stretches in turn."""
    found: dict[str, list[Figures]] = {'quiet': [], 'loaded': []}
    unaccounted = 0
    for _ in range(rounds):
        quiet, lost = stretch(live, camera, fps, seconds)
        with burning():
            loaded, also = stretch(live, camera, fps, seconds)
        found['quiet'].append(quiet)
        found['loaded'].append(loaded)
        unaccounted += lost + also
    return found, unaccounted


def middle(stretches: Sequence[Figures]) -> Figures:
    return {name: round(median(each[name] for each in stretches), 2) for name in stretches[0]}


def first_verdict(live: Graph, camera: Camera, begin: float) -> float:
    """Seconds from `begin` to the first result, with a camera that sends at all times."""
    while not live.observer.results:
        camera.stream(10.0, 1)
        if time.monotonic() > begin + LIMIT:
            raise DcmdError(f'no result within {LIMIT:g} s')
    return live.observer.results[0].arrival - begin


def measure(args: argparse.Namespace, model: Path) -> dict[str, object]:
    """Two starts, of which the first exports the network; load after the second."""
    parameters = ('-p', f'engine:={args.engine}', '-p', f'threads:={args.threads}',
                  '-p', 'freeze_count:=0')
    first: dict[str, float] = {}
    for name in FIRST:
        begin = time.monotonic()
        with graph(model, *parameters) as live:
            camera = Camera(live)
            first[name] = round(first_verdict(live, camera, begin), 2)
            print(f'{name}: first verdict after {first[name]} s', flush=True)
            print(f'engine: {await_engine(live, args.engine)}', flush=True)
            if name == 'warm':
                found, unaccounted = alternating(live, camera, args.fps, args.seconds,
                                                 args.rounds)
    return {**{name: middle(each) for name, each in found.items()},
            'unaccounted': unaccounted, 'first_verdict_s': first}


def misses(figures: dict[str, object]) -> list[str]:
    """What is over its limit."""
    loaded, first = figures['loaded'], figures['first_verdict_s']
    assert isinstance(loaded, dict) and isinstance(first, dict)
    found = [f'first verdict, {name}: {first[name]} s, over {limit:g}'
             for name, limit in FIRST.items() if first[name] > limit]
    if loaded['p95_frames'] > BEHIND:
        found.append(f'p95 under load: {loaded["p95_frames"]} frames, over {BEHIND:g}')
    if figures['unaccounted']:
        found.append(f'{figures["unaccounted"]} frames unaccounted for')
    return found


def main() -> None:
    options = parser(__doc__, 'one round of 4 s stretches', fps=10.0)
    options.add_argument('--rounds', type=int, default=3)
    options.add_argument('--seconds', type=float, default=20.0, help='a stretch (20)')
    args = options.parse_args()
    if args.quick:
        args.rounds, args.seconds = 1, 4.0
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(shutil.copy(args.model, scratch))
        figures = measure(args, model)
    for name in ('quiet', 'loaded'):
        print(name, figures[name])
    finish(figures, misses(figures))


if __name__ == '__main__':
    run(main)
