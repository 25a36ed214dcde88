"""
Many bags at a time: how much quicker two workers are than one, and whether Ray says the same.

Each bag (640x480, simulated parts, see bags.py) goes through the pairing and the demo's model, as
`replay` takes it, in a worker of one core:

one, two   bags a second with so many workers, their start included
speed_up   two over one
ray        bags a second on a local Ray with two workers, after Ray has started
same       whether one, two and Ray gave the same scores, to the last bit

Exit code 1 where they did not. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from bags import write

from dcmd_ros.bags.many import Batch, run_many
from dcmd_ros.bags.reader import Bag
from dcmd_ros.bags.shots import Shots
from dcmd_ros.bags.topics import choose
from dcmd_ros.frame import Frame, Intrinsics
from dcmd_ros.framing.shot import Shot
from dcmd_ros.framing.tally import Tally
from dcmd_ros.sensing.codec import decode_colour, decode_depth
from dcmd_ros.stream.config import PairingConfig

MODEL = Path(__file__).resolve().parents[1] / 'models' / 'dcmd_turned_best.pth'
GIGABYTES = 0.006  # of a bag: some 6 frames and up


def scores(path: Path) -> list[float]:
    """Of the bag's frames."""
    import torch

    from dcmd_ros.inspector import Inspector

    torch.set_num_threads(1)
    inspector = Inspector(str(MODEL), 'cpu')
    shots, found = Shots(PairingConfig(), Tally()), []
    with Bag(path) as bag:
        choice = choose(bag.topics)
        for record in bag.records(choice.names()):
            sensor = {choice.rgb: 'rgb', choice.depth: 'depth'}.get(record.topic)
            if sensor is not None:
                found += shots.take(sensor, record.message, record.received)
        found += shots.finish()
    return [inspector.inspect(frame(shot, inspector.intrinsics)).score for shot in found]


def frame(shot: Shot, intrinsics: Intrinsics | None) -> Frame:
    rgb, depth = shot.rgb, shot.depth
    assert rgb is not None and depth is not None, 'all frames of these bags pair'
    return Frame(rgb.stamp, 'camera', decode_colour(rgb.message), decode_depth(depth.message),
                 intrinsics=intrinsics)


def timed(paths: list[Path], jobs: int, ray: str | None = None) -> tuple[Batch, float]:
    """What came out, and bags a second."""
    began = time.perf_counter()
    batch = run_many(scores, paths, jobs, ray)
    batch.settle({})
    return batch, round(len(paths) / (time.perf_counter() - began), 3)


def measure(folder: Path, count: int) -> dict[str, object]:
    paths = [folder / f'{number}.mcap' for number in range(count)]
    frames = sum(write(path, GIGABYTES * (1 + number / count))[0]
                 for number, path in enumerate(paths))
    one, slow = timed(paths, 1)
    two, quick = timed(paths, 2)
    ray, on_ray = timed(paths, 2, 'local')
    return {'bags': count, 'frames': frames, 'cores': len(os.sched_getaffinity(0)),
            'one': slow, 'two': quick, 'speed_up': round(quick / slow, 2), 'ray': on_ray,
            'same': one.results == two.results == ray.results}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='2 bags instead of 8')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), 2 if args.quick else 8)
    print(json.dumps(figures))
    return 0 if figures['same'] else 1


if __name__ == '__main__':
    sys.exit(main())
