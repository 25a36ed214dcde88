"""
How an inspection's time grows: with the training set, the camera's resolution, several cameras.

frames      `Inspector.inspect` with models of 50 to 2,000 training frames. A model has as many
            weights, and places in its memories, whatever it was trained on; what grows with the
            frames is the list of their fingerprints. So these are one trained model with lists
            of that length, written and loaded again; students and memories are not trained anew.
            On one thread, which other work disturbs least
resolution  of the frame, with a model that was trained at 640x480, which every frame is brought to
trained     the same with the model's view and scene scaled to that resolution, as if it had been
            trained there
cameras     results a second in total, of inspectors in processes of their own that share the
            cores: each has the cores' number over that of the cameras as threads, at least one

What is compared takes turns, round by round. Figures are medians over the rounds; beside them is
the median of the ratio to the first in the same round. `flat` is the largest of these ratios over
the smallest, of `frames`; 1.05 at most, where there are 20 rounds. The last line is JSON.
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
from dataclasses import dataclass, replace
from operator import truediv
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
LEAST = 20  # rounds that a limit is judged by
SEED = 11

Key = TypeVar('Key')


@dataclass(frozen=True)
class Row:
    """
    One of what is compared.

    value  median over the rounds
    ratio  median of its ratio to the first in the same round, which other work disturbs least
    """

    value: float
    ratio: float


def taking_turns(jobs: Mapping[Key, Callable[[], float]], rounds: int) -> dict[Key, Row]:
    """What each job gives, in rounds in which they alternate."""
    found: dict[Key, list[float]] = {key: [] for key in jobs}
    for _ in range(rounds):
        for key, job in jobs.items():
            found[key].append(job())
    first = next(iter(found.values()))
    return {key: Row(median(each), median(map(truediv, each, first)))
            for key, each in found.items()}


def inspecting(model: Path, threads: int, engine: str, size: tuple[int, int],
               ) -> Callable[[], float]:
    """Milliseconds of an inspection of one part, at this size."""
    inspector = Inspector(model, 'cpu', threads, engine)
    frame = simulate(SEED, size=size).frame(0)
    inspector.inspect(frame)

    def job() -> float:
        begin = time.perf_counter()
        inspector.inspect(frame)
        return (time.perf_counter() - begin) * 1e3
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
    return replace(scene, plane=plane, surface=np.asarray(surface, np.float32))


def by_frames(args: argparse.Namespace, folder: Path) -> dict[str, Row]:
    """On one thread, which other work disturbs least."""
    base = load_checkpoint(args.model)
    return taking_turns({str(frames): inspecting(
        trained_on(base, frames, folder / f'{frames}.pth'), 1, args.engine,
        (640, 480)) for frames in args.frames}, args.rounds)


def by_size(args: argparse.Namespace, model: Callable[[tuple[int, int]], Path],
            ) -> dict[str, Row]:
    """:param model: that looks at frames of a size."""
    return taking_turns({f'{size[0]}x{size[1]}': inspecting(
        model(size), args.threads, args.engine, size) for size in args.sizes}, args.rounds)


def by_cameras(args: argparse.Namespace, folder: Path) -> dict[str, Row]:
    """Results a second in total, by the number of cameras."""
    frame = picture(folder / 'frame.npz')
    with ExitStack() as stack:
        teams = {}
        for cameras in args.cameras:
            threads = max(1, args.threads // cameras)
            arguments = [OURS, args.engine, str(frame), str(threads), str(args.model.resolve())]
            teams[str(cameras)] = [Worker(OURS, args.engine, stack.enter_context(process(
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


def shown(title: str, rows: dict[str, Row]) -> dict[str, Row]:
    """The same, told at once."""
    print(title)
    for name, row in rows.items():
        print(f'  {name:>10} {row.value:8.1f} {row.ratio:6.2f}', flush=True)
    return rows


def values(rows: Mapping[str, Row]) -> dict[str, float]:
    return {name: round(row.value, 1) for name, row in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, default=Path('models/dcmd_turned_best.pth'))
    parser.add_argument('--engine', default='torch', help='as of the inspector (torch)')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--rounds', type=int, default=40)
    parser.add_argument('--quick', action='store_true',
                        help='three rounds, two cameras at most; no limit holds')
    args = parser.parse_args()
    args.frames, args.sizes, args.cameras = FRAMES, SIZES, CAMERAS
    if args.quick:
        args.rounds, args.cameras = 3, CAMERAS[:2]
    report(args)


def report(args: argparse.Namespace) -> None:
    """Measure, tell, and exit 1 where the time depends on the training set."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        base = load_checkpoint(args.model)
        jobs: dict[str, Callable[[], dict[str, Row]]] = {
            'frames': lambda: by_frames(args, folder),
            'resolution': lambda: by_size(args, lambda _: args.model),
            'trained': lambda: by_size(args, lambda size: trained_at(
                base, size, folder / f'{size[0]}.pth')),
            'cameras': lambda: by_cameras(args, folder)}
        tables = {title: shown(title, job()) for title, job in jobs.items()}
    ratios = [row.ratio for row in tables['frames'].values()]
    flat = max(ratios) / min(ratios)
    print(json.dumps({**{title: values(rows) for title, rows in tables.items()},
                      'flat': round(flat, 3)}))
    if flat > FLAT and args.rounds >= LEAST:
        sys.exit(f'time differs by {flat:.3f} with the training set, over {FLAT}')


if __name__ == '__main__':
    main()
