"""
How soon results come, and how many, on a live graph: both sensors at 640x480, fed from memory.

The camera and the listener are one process, the inspector another, both on this machine's cores.
First it waits for the engine asked for. Then frames are sent at `--fps` and at 1.2 of the rate at
which results came (a camera that sends far more takes the cores away); the better of the two is
the sustained rate. Latencies, from just before the first message is published to the arrival of
the result, are those at 0.8 of that rate, at most `--fps`. The table is of the inspector's own
clock, by stage.

p50_ms, p95_ms  from the stamp to the published result
rate_hz         results a second, sustained
overhead_ms     of p50 that is not the network's: all stages but that one, and the middleware
rss_mb          of the inspector, at the end
limit_ratio     the network's time over its arithmetic at the speed of a matrix product of the
                same precision, on as many threads, measured at the end of this run

The last line is JSON.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from arithmetic import counts
from live_graph import Camera, Graph, Sent, finish, graph, parser, run

from dcmd_ros.errors import DcmdError
from dcmd_ros.network.checkpoint import load_checkpoint
from dcmd_ros.nodes.observer import Result

STAGES = ('wait', 'decode', 'prepare', 'network', 'map', 'publish')
MORE, PACE = 1.2, 0.8  # of the rate that the inspector takes: too much for it, and well within
START = 300.0  # seconds that an engine may take, export and comparison included
_GEMM = 1024


@dataclass(frozen=True)
class Phase:
    """A stretch of frames: what was sent, what came, and the inspector's seconds of CPU."""

    sent: Sequence[Sent]
    results: Sequence[Result]
    cpu: float

    @property
    def seconds(self) -> float:
        return self.sent[-1].time - self.sent[0].time

    @property
    def rate(self) -> float:
        """Results a second of the time in which they came."""
        return (len(self.results) - 1) / (self.results[-1].arrival - self.results[0].arrival)

    def latencies(self) -> list[float]:
        """Milliseconds from sending to arrival."""
        begun = {sent.stamp: sent.time for sent in self.sent}
        return [(r.arrival - begun[r.stamp]) * 1e3 for r in self.results if r.stamp in begun]


def await_engine(live: Graph, engine: str) -> str:
    """What runs the network at last; DcmdError where it is not what was asked for."""
    def settled() -> bool:
        told = live.keys('inference').get('engine', '')
        return bool(told) and 'exporting' not in told and told != 'torch' or engine == 'torch'
    live.wait(settled, f'engine {engine}', START)
    told = live.keys('inference').get('engine', engine)
    if engine != 'auto' and not told.startswith(engine):
        raise DcmdError(f'engine {engine} does not run: {told}')
    return told


def stretch(live: Graph, camera: Camera, fps: float, seconds: float) -> Phase:
    live.reset()
    camera.warm_up(min(fps, 10.0))
    process, live.observer.results[:] = live.inspector.process.pid, []
    before = cpu_seconds(process)
    sent = camera.stream(fps, max(round(seconds * fps), 10))
    spent = cpu_seconds(process) - before
    camera.drain()
    return Phase(sent, list(live.observer.results), spent)


def flooded(live: Graph, camera: Camera, fps: float, seconds: float) -> Phase:
    """As many frames as the inspector takes, and not many more."""
    first = stretch(live, camera, fps, seconds)
    if first.rate > fps / MORE:
        fps *= 3
        first = stretch(live, camera, fps, seconds)
    second = stretch(live, camera, MORE * first.rate, seconds)
    return max(first, second, key=lambda phase: phase.rate)


def cpu_seconds(process: int) -> float:
    fields = Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def resident_mb(process: int) -> float:
    [line] = [line for line in Path(f'/proc/{process}/status').read_text().splitlines()
              if line.startswith('VmRSS')]
    return int(line.split()[1]) / 1024


def floor_ms(model: Path, precision: str, threads: int) -> float:
    """The network's arithmetic at the rate of a matrix product, in milliseconds."""
    found = counts(load_checkpoint(model).config)
    operations = 2e9 * found['total']
    return operations / gemm_rate(precision, threads) * 1e3


@torch.inference_mode()
def gemm_rate(precision: str, threads: int) -> float:
    """Operations a second of the best of some large matrix products."""
    torch.set_num_threads(threads)
    kind = torch.bfloat16 if precision == 'bf16' else torch.float32
    a, b = (torch.randn(_GEMM, _GEMM, dtype=torch.float32).to(kind) for _ in range(2))
    best = min(timed(lambda: a @ b) for _ in range(20))
    return 2 * _GEMM ** 3 / best


def timed(job: Callable[[], object]) -> float:
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def measure(args: argparse.Namespace) -> tuple[dict[str, float], str, dict[str, float]]:
    """The figures, the engine, and milliseconds by stage."""
    seconds = 6.0 if args.quick else 30.0
    with graph(args.model, '-p', f'engine:={args.engine}', '-p', f'threads:={args.threads}',
               '-p', 'freeze_count:=0') as live:
        camera = Camera(live)
        camera.start()
        engine = await_engine(live, args.engine)
        print(f'engine: {engine}', flush=True)
        flood = flooded(live, camera, args.fps, seconds)
        paced = stretch(live, camera, min(args.fps, PACE * flood.rate), seconds)
        live.refresh()
        stages = {s: float(live.keys('inference').get(f'{s}_ms', 'nan')) for s in STAGES}
        rss = resident_mb(live.inspector.process.pid)
    p50, p95, p99 = np.percentile(paced.latencies(), (50, 95, 99))
    threads = args.threads or torch.get_num_threads()
    precision = 'bf16' if engine.split('(')[0].strip().endswith('bf16') else 'f32'
    figures = {'p50_ms': p50, 'p95_ms': p95, 'p99_ms': p99, 'rate_hz': flood.rate,
               'overhead_ms': p50 - stages['network'], 'rss_mb': rss,
               'cpu_share': flood.cpu / flood.seconds,
               'paced_hz': len(paced.sent) / paced.seconds,
               'floor_ms': floor_ms(args.model, precision, threads)}
    return figures, engine, stages


def main() -> None:
    args = parser(__doc__, '6 s instead of 30 s a stretch', fps=30.0).parse_args()
    figures, _, stages = measure(args)
    for stage, took in stages.items():
        print(f'{stage:>8} {took:7.2f} ms')
    print(f'p99 {figures["p99_ms"]:.1f} ms at {figures["paced_hz"]:.0f} Hz; '
          f'{figures["cpu_share"]:.2f} cores at {figures["rate_hz"]:.1f} results/s; the network '
          f'needs {figures["floor_ms"]:.2f} ms at the speed of a matrix product')
    told = {name: round(figures[name], 2)
            for name in ('p50_ms', 'p95_ms', 'rate_hz', 'overhead_ms', 'rss_mb')}
    finish({**told, 'limit_ratio': round(stages['network'] / figures['floor_ms'], 2)}, [])


if __name__ == '__main__':
    run(main)
