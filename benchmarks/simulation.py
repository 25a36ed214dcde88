"""
Frames per second of the simulator on one core, at 640x480.

`parts`: every frame is another good part, nothing of a part is reused. `pass`: one part at its
places on the belt. `camera`: what the live camera shows, whose pool is rendered before it begins,
standing and on the belt. `cores` is processor time over wall time; it must not exceed 1. The last
line is JSON: {"parts": {kind: x}, "pass": x, "camera": {"standing": x, "belt": x}, "cores": x}.
Exits 1 where the camera is under 30 frames a second.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

import cv2

from dcmd_ros.nodes.camera import CameraOptions, frames, render
from dcmd_ros.simulation import DEFECTS, KINDS, Belt, simulate
from dcmd_ros.simulation.belt import way

STANDING = CameraOptions(seed=1, pool=4, defect_rate=0.5)
BELT = replace(STANDING, pool=2, belt=Belt(speed=2.0), fps=30.0)
LEAST = 30.0


def rate(work: Iterable[object]) -> float:
    """Items a second."""
    begin = time.perf_counter()
    number = sum(1 for _ in work)
    return number / (time.perf_counter() - begin)


def parts(kind: str, count: int, turns: tuple[str | None, ...]) -> float:
    """`turns` are the defects that the parts have in turn, None for a good one."""
    simulate(0, kind, 0)
    return rate(simulate(1, kind, index, turns[index % len(turns)]) for index in range(count))


def one_pass(count: int, defect: str | None) -> float:
    shifts = way(Belt(), 1, 'turned', 0, (640, 480), count)
    return rate(simulate(1, 'turned', 0, defect, shift=shift) for shift in shifts[:count])


def camera(options: CameraOptions, count: int) -> float:
    pool = render(options)
    return rate(islice(frames(pool, options), count))


def told(text: str, found: float) -> float:
    print(f'{text}: {found:.1f} frames a second', flush=True)
    return round(found, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='fewer frames')
    count = 40 if parser.parse_args().quick else 200
    cv2.setNumThreads(1)
    began, used = time.perf_counter(), time.process_time()
    good = {kind: told(f'{kind}, good', parts(kind, count, (None,))) for kind in KINDS}
    for kind in KINDS:
        told(f'{kind}, defective', parts(kind, count, tuple(DEFECTS)))
    passing = told('a part on the belt, good', one_pass(count, None))
    told('a part on the belt, defective', one_pass(count, 'cut'))
    cores = (time.process_time() - used) / (time.perf_counter() - began)
    shown = {'standing': told('camera, standing', camera(STANDING, 5 * count)),
             'belt': told('camera, belt', camera(BELT, 5 * count))}
    print(json.dumps({'parts': good, 'pass': passing, 'camera': shown, 'cores': round(cores, 2)}))
    if min(shown.values()) < LEAST:
        print(f'the camera is under {LEAST:g} frames a second', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
