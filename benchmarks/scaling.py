"""
How an inspection's time grows: with the training set, the camera's resolution, several cameras.

frames      `Inspector.inspect` with models of 50 to 2,000 training frames. A model has as many
            weights, and places in its memories, whatever it was trained on; what grows with the
            frames is the list of their fingerprints. So these are one trained model with lists
            of that length, written and loaded again; students and memories are not trained anew
resolution  of the frame, with a model that was trained at 640x480, which every frame is brought to
trained     the same with the model's view and scene scaled to that resolution, as if it had been
            trained there
cameras     results a second in total, of inspectors in processes of their own that share the
            cores: each has the cores' number over that of the cameras as threads, at least one

What is compared takes turns, round by round; figures are medians over the rounds of a round's
median. `flat` is the largest time over the smallest of `frames`; 1.05 at most. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from peers import OURS, Worker, picture, process

from dcmd_ros.inspector import Inspector
from dcmd_ros.network.checkpoint import Checkpoint, load_checkpoint
from dcmd_ros.sensing.foreground import Scene
from dcmd_ros.simulation import simulate

FRAMES = (50, 200, 800, 2000)
SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
CAMERAS = (1, 2, 4)
FLAT = 1.05
SEED = 11

Key = TypeVar('Key')


def taking_turns(jobs: Mapping[Key, Callable[[], float]], rounds: int) -> dict[Key, float]:
    """The median of what each job gives, in rounds in which they alternate."""
    found: dict[Key, list[float]] = {key: [] for key in jobs}
    for _ in range(rounds):
        for key, job in jobs.items():
            found[key].append(job())
    return {key: median(each) for key, each in found.items()}


def inspecting(model: Path, threads: int, engine: str, size: tuple[int, int],
               calls: int) -> Callable[[], float]:
    """Median milliseconds of some inspections of one part, at this size."""
    inspector = Inspector(model, 'cpu', threads, engine)
    frame = simulate(SEED, size=size).frame(0)
    inspector.inspect(frame)

    def job() -> float:
        times = []
        for _ in range(calls):
            begin = time.perf_counter()
            inspector.inspect(frame)
            times.append((time.perf_counter() - begin) * 1e3)
        return median(times)
    return job


def trained_on(checkpoint: Checkpoint, frames: int, path: Path) -> Path:
    """The model with the fingerprints of so many frames."""
    seen = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(frames)]
    replace(checkpoint, seen=seen).save(path)
    return path


def trained_at(checkpoint: Checkpoint, size: tuple[int, int], path: Path) -> Path:
    """The model as if its camera had had this resolution."""
    old, camera = checkpoint.view.intrinsics, simulate(SEED, size=size).intrinsics
    scale = camera.fx / old.fx
    shift = (camera.cx - scale * old.cx, camera.cy - scale * old.cy)
    left, top, side = checkpoint.view.box
    view = replace(checkpoint.view, intrinsics=camera, sigma=checkpoint.view.sigma * scale, box=(
        round(scale * left + shift[0]), round(scale * top + shift[1]), round(scale * side)))
    scene = magnified(checkpoint.scene, scale, shift, size)
    replace(checkpoint, view=view, scene=scene).save(path)
    return path


def magnified(scene: Scene, scale: float, shift: tuple[float, float],
              size: tuple[int, int]) -> Scene:
    """A scene whose pixels are scale * pixel + shift."""
    a, b, c = scene.plane
    plane = (a / scale, b / scale, c - (a * shift[0] + b * shift[1]) / scale)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    surface = cv2.warpAffine(scene.surface, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return replace(scene, plane=plane, surface=surface)


def by_frames(args: argparse.Namespace, folder: Path) -> dict[int, float]:
    base = load_checkpoint(args.model)
    return taking_turns({frames: inspecting(
        trained_on(base, frames, folder / f'{frames}.pth'), args.threads, args.engine,
        (640, 480), args.calls) for frames in args.frames}, args.rounds)


def by_size(args: argparse.Namespace, folder: Path) -> dict[str, dict[tuple[int, int], float]]:
    base = load_checkpoint(args.model)
    jobs = {}
    for size in args.sizes:
        scaled = trained_at(base, size, folder / f'{size[0]}.pth')
        for name, model in (('resolution', args.model), ('trained', scaled)):
            jobs[name, size] = inspecting(model, args.threads, args.engine, size, args.calls)
    times = taking_turns(jobs, args.rounds)
    return {name: {size: times[name, size] for size in args.sizes}
            for name in ('resolution', 'trained')}


def by_cameras(args: argparse.Namespace, folder: Path) -> dict[int, float]:
    """Results a second in total, by the number of cameras."""
    frame = picture(folder / 'frame.npz')
    with ExitStack() as stack:
        teams = {}
        for cameras in args.cameras:
            threads = max(1, args.threads // cameras)
            arguments = [OURS, args.engine, str(frame), str(threads), str(args.model.resolve())]
            teams[cameras] = [Worker(OURS, args.engine, stack.enter_context(process(
                sys.executable, arguments, threads, folder / f'{cameras}-{camera}')))
                for camera in range(cameras)]
        return taking_turns({cameras: together(team) for cameras, team in teams.items()},
                            args.rounds)


def together(team: Sequence[Worker]) -> Callable[[], float]:
    """Results a second of inspectors that work at once."""
    def job() -> float:
        for worker in team:
            worker.ask(2)
        turns = [worker.answer() for worker in team]
        return sum(1e3 * len(turn) / sum(turn) for turn in turns)
    return job


def show(title: str, rows: Mapping[str, float], unit: str) -> None:
    print(title)
    first = next(iter(rows.values()))
    for name, value in rows.items():
        print(f'  {name:>10} {value:8.1f} {unit} {value / first:6.2f}')


def named(times: Mapping[tuple[int, int], float]) -> dict[str, float]:
    return {f'{width}x{height}': round(ms, 1) for (width, height), ms in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, default=Path('models/dcmd_turned_best.pth'))
    parser.add_argument('--engine', default='torch', help='as of the inspector (torch)')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--calls', type=int, default=5, help='inspections a turn (5)')
    parser.add_argument('--quick', action='store_true', help='three rounds of two inspections')
    args = parser.parse_args()
    args.frames, args.sizes, args.cameras = FRAMES, SIZES, CAMERAS
    if args.quick:
        args.rounds, args.calls = 3, 2
    report(args)


def report(args: argparse.Namespace) -> None:
    """Measure, tell, and exit 1 where the time depends on the training set."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        frames = {str(n): round(ms, 1) for n, ms in by_frames(args, folder).items()}
        sizes = {name: named(times) for name, times in by_size(args, folder).items()}
        cameras = {str(n): round(rate, 1) for n, rate in by_cameras(args, folder).items()}
    show('training frames', frames, 'ms')
    for name, rows in sizes.items():
        show(name, rows, 'ms')
    show('cameras', cameras, 'results/s')
    flat = max(frames.values()) / min(frames.values())
    print(json.dumps({'frames': frames, **sizes, 'cameras': cameras, 'flat': round(flat, 3)}))
    if flat > FLAT:
        sys.exit(f'time differs by {flat:.3f} with the training set, over {FLAT}')


if __name__ == '__main__':
    main()
