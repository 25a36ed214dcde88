"""
Feeds an inspector more frames than it can judge, for long, and counts what becomes of them.

frames         sent, with both sensors, asked for reliably
rss_growth_mb  how much more memory the inspector's process holds at the end than after the first
               tenth, in MB; under 20
stale          results whose input was not the newest received when inference began, as the
               inspector counts them; none
uncounted      images that came into no frame and frames without a result, less the drops by cause
               in /diagnostics; none

The last line is JSON.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from live_graph import MODEL, Camera, Graph, finish, graph, run

from dcmd_ros.errors import DcmdError

FRAMES, QUICK_FRAMES = 10_000, 1_500
SIZE = (160, 120)  # small: this is about the inspector, not about carrying images
STEPS = 10
FASTER = 1.2  # so many times as many frames as results, or it was no soak
MOST_GROWTH = 20.0
LINE = '{:>7} {:>8} {:>8} {:>8.1f} {:>9.1f} {:>8.1f}'


def resident(pid: int) -> float:
    """Memory of a process in MB."""
    lines = Path(f'/proc/{pid}/status').read_text().splitlines()
    kibibytes = next(line.split()[1] for line in lines if line.startswith('VmRSS:'))
    return int(kibibytes) * 1024 / 1e6


def soak(live: Graph, camera: Camera, frames: int, fps: float) -> list[float]:
    """Send the frames, tell how it goes; memory after each of the steps."""
    print('   sent  results  overwr.  input/s  results/s   RSS MB')
    memory = []
    for step in range(1, STEPS + 1):
        begin, had = time.monotonic(), len(live.observer.results)
        sent = camera.stream(fps, frames * step // STEPS - frames * (step - 1) // STEPS)
        took, results = time.monotonic() - begin, len(live.observer.results)
        memory.append(resident(live.inspector.process.pid))
        print(LINE.format(frames * step // STEPS, results, live.count('inference', 'overwritten'),
                          len(sent) / took, (results - had) / took, memory[-1]), flush=True)
    return memory


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help=f'{QUICK_FRAMES} frames')
    parser.add_argument('--frames', type=int, help=f'to send ({FRAMES})')
    parser.add_argument('--fps', type=float, default=100.0, help='frames a second (100)')
    parser.add_argument('--model', type=Path, default=MODEL)
    args = parser.parse_args()
    frames = args.frames or (QUICK_FRAMES if args.quick else FRAMES)
    with graph(args.model, '-p', 'input_reliability:=reliable') as live:
        camera = Camera(live, SIZE)
        camera.start()
        camera.drain()
        live.reset()
        camera.sent = 0
        memory = soak(live, camera, frames, args.fps)
        uncounted = live.settle(camera.sent)
        keys = live.keys('inference')
        print(f'{live.tell_drops()}; latency at the end: median {keys["latency_p50_ms"]} ms, '
              f'longest {keys["latency_max_ms"]} ms')
        if frames < FASTER * len(live.observer.results):
            raise DcmdError(f'the inspector kept up with {args.fps:g} frames a second: '
                            'raise --fps')
        if 'stale' not in keys:
            raise DcmdError('the inspector does not count stale frames')
        stale = live.count('inference', 'stale')
    growth = round(memory[-1] - memory[0], 2)
    limits = {f'{growth} MB of growth': growth >= MOST_GROWTH, f'{stale} stale results': stale,
              f'{uncounted} uncounted': uncounted}
    finish({'frames': frames, 'rss_growth_mb': growth, 'stale': stale, 'uncounted': uncounted},
           [what for what, holds in limits.items() if holds])


if __name__ == '__main__':
    run(main)
