"""
Frames per second of the simulator on one core, at 640x480, by kind of part.

Every frame is another part, so nothing of a part is reused. `cores` is processor time over wall
time; it must not exceed 1. The last line is JSON: {"fps": {kind: x}, "cores": x}.
"""

from __future__ import annotations

import argparse
import json
import time

import cv2

from dcmd_ros.simulation import DEFECTS, KINDS, simulate


def frames_per_second(kind: str, frames: int, turns: tuple[str | None, ...]) -> float:
    """`turns` are the defects that the parts have in turn, None for a good one."""
    simulate(0, kind, 0)
    start = time.perf_counter()
    for index in range(frames):
        simulate(1, kind, index, turns[index % len(turns)])
    return frames / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='fewer frames')
    frames = 60 if parser.parse_args().quick else 300
    cv2.setNumThreads(1)
    fps, began, used = {}, time.perf_counter(), time.process_time()
    for kind in KINDS:
        fps[kind] = round(frames_per_second(kind, frames, (None,)), 1)
        defective = frames_per_second(kind, frames, tuple(DEFECTS))
        print(f'{kind}: {fps[kind]} good parts a second, or {defective:.1f} defective ones')
    cores = (time.process_time() - used) / (time.perf_counter() - began)
    print(json.dumps({'fps': fps, 'cores': round(cores, 2)}))


if __name__ == '__main__':
    main()
