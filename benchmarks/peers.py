"""
A frame's time from arrays to map against that of the detectors of anomalib that a user would pick.

anomalib lives in an environment of its own (docs/engine.md says how it is made), of which
`--peers-python` names the interpreter; without it ours alone is measured. Each detector is a
process of its own with the same number of threads. The processes take turns, round by round, and
wait idle meanwhile. All get the same simulated part, 640x480, colour and depth, and give a map of
that size. The peers' weights are random, PatchCore's bank is as large as 200 training frames make
it; ours are a trained model's, for its time depends on the part that it finds.

ours_ms    both sensors, the fastest of our engines
peers_ms   colour alone, the faster of eager and anomalib's own OpenVINO export, which chooses its
           precision itself; CFM takes both sensors
both_ms    the same with depth as a second picture through the same model, the larger of two maps
ratio      of the fastest peer's time with colour alone to ours
ratio_both of the fastest peer's time with both sensors to ours

Figures are medians over rounds of the median of a round. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from peer_worker import NAMES

from dcmd_ros.simulation import simulate

WORKER = Path(__file__).with_name('peer_worker.py')
OURS = 'ours'
ENGINES = ('torch', 'openvino', 'openvino-f32')
SEED = 11
TURN = 400.0  # milliseconds that a detector's turn takes at most, but one call
MOST = 10  # calls a turn
SLOW, FEW = 2000.0, 3  # milliseconds a call from which on a detector takes few turns

Times = dict[tuple[str, str], dict[int, float]]  # name and engine -> passes -> milliseconds


class WorkerError(Exception):
    """A detector that cannot be had; says why."""


class Worker:
    """
    A detector in its process.

    name, engine   what it is
    passes         what it can be asked for: 1 is colour alone, 2 both sensors
    slow           whether it takes its turn in a few rounds only
    """

    def __init__(self, name: str, engine: str, process: subprocess.Popen[str]) -> None:
        self.name, self.engine = name, engine
        self.passes = (2,) if name in (OURS, 'cfm') else (1, 2)
        self._process = process
        ready = self._line()['ready']
        self.slow, self._calls = ready > SLOW, max(1, min(MOST, int(TURN / ready)))

    def ask(self, passes: int) -> None:
        """Let it take its turn."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{passes} {self._calls}\n')
        self._process.stdin.flush()

    def answer(self) -> list[float]:
        """Wait for the milliseconds of each call of its turn."""
        return self._line()['times']

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {'error': 'the process ended'}
        if 'error' in found:
            raise WorkerError(f'{self.name} {self.engine}: {found["error"]}')
        return found


@contextmanager
def process(python: str, arguments: Sequence[str], threads: int, folder: Path,
            ) -> Iterator[subprocess.Popen[str]]:
    """A worker's process, in a folder of its own; it ends when nobody asks any more."""
    folder.mkdir()
    environment = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    with (folder / 'log').open('w') as log, subprocess.Popen(
            [python, str(WORKER), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=log, text=True, env=environment, cwd=folder) as running:
        try:
            yield running
        finally:
            running.kill()


def picture(path: Path) -> Path:
    """The frame that all get, in a file."""
    part = simulate(SEED)
    np.savez(path, rgb=part.rgb, depth=part.depth, xyz=part.xyz, part=part.part)
    return path


def wanted(args: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Interpreter, name and engine of each detector."""
    for engine in args.engines:
        if engine == 'torch' or (engine == 'openvino' and find_spec(engine)):
            yield sys.executable, OURS, engine
    if args.peers_python is None:
        print('no --peers-python: ours alone is measured')
        return
    for name in args.peers:
        for engine in args.engines:
            yield str(args.peers_python), name, engine


@contextmanager
def workers(args: argparse.Namespace) -> Iterator[list[Worker]]:
    """All detectors that can be had, warm; those that cannot are told."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        frame, found = picture(folder / 'frame.npz'), []
        for python, name, engine in wanted(args):
            model = [str(args.model.resolve())] if name == OURS else []
            arguments = [name, engine, str(frame), str(args.threads), *model]
            running = stack.enter_context(process(python, arguments, args.threads,
                                                  folder / f'{name}-{engine}'))
            try:
                found.append(Worker(name, engine, running))
            except WorkerError as error:
                print(f'left out: {error}', flush=True)
        yield found


def measured(detectors: Sequence[Worker], rounds: int) -> Times:
    """Milliseconds of each, in rounds in which they take turns."""
    turns: dict[tuple[Worker, int], list[float]] = {
        (worker, passes): [] for worker in detectors for passes in worker.passes}
    for number in range(rounds):
        for (worker, passes), found in turns.items():
            if number < FEW or not worker.slow:
                worker.ask(passes)
                found.append(median(worker.answer()))
    times: Times = {}
    for (worker, passes), found in turns.items():
        times.setdefault((worker.name, worker.engine), {})[passes] = median(found)
    return times


def fastest(times: Times, passes: int) -> dict[str, float]:
    """Milliseconds by name, of the engine that is fastest; colour alone where it can."""
    found: dict[str, float] = {}
    for (name, _), each in times.items():
        ms = each.get(passes, each[2])
        found[name] = min(ms, found.get(name, ms))
    return found


def figures(times: Times) -> dict[str, object]:
    """The last line."""
    colour, both = fastest(times, 1), fastest(times, 2)
    ours = colour.pop(OURS)
    both.pop(OURS)
    return {'ours_ms': round(ours, 1), 'peers_ms': rounded(colour), 'both_ms': rounded(both),
            'ratio': ratio(colour, ours), 'ratio_both': ratio(both, ours)}


def ratio(peers: Mapping[str, float], ours: float) -> float | None:
    return round(min(peers.values()) / ours, 2) if peers else None


def rounded(times: Mapping[str, float]) -> dict[str, float]:
    return {name: round(ms, 1) for name, ms in times.items()}


def show(times: Times) -> None:
    print(f'{"":12} {"engine":10} {"colour ms":>10} {"both ms":>10}')
    for (name, engine), each in times.items():
        alone = f'{each[1]:10.1f}' if 1 in each else ' ' * 10
        print(f'{name:12} {engine:10} {alone} {each[2]:10.1f}')


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--peers-python', type=Path, help='interpreter that can import anomalib')
    parser.add_argument('--peers', nargs='+', choices=list(NAMES), default=None)
    parser.add_argument('--engines', nargs='+', choices=ENGINES, default=None,
                        help='torch and openvino; openvino-f32 is of the peers alone')
    parser.add_argument('--model', type=Path, default=Path('models/dcmd_turned_best.pth'))
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--quick', action='store_true',
                        help='three rounds, eager alone, of the peers STFPM and FastFlow')
    args = parser.parse_args()
    if args.peers_python is not None:
        args.peers_python = args.peers_python.absolute()
        if not args.peers_python.is_file():
            parser.error(f'{args.peers_python}: no such interpreter')
    args.engines = args.engines or (['torch'] if args.quick else ['torch', 'openvino'])
    args.peers = args.peers or (['stfpm', 'fastflow'] if args.quick else list(NAMES))
    with workers(args) as detectors:
        if not any(worker.name == OURS for worker in detectors):
            sys.exit('ours does not run; the line above says why')
        times = measured(detectors, 3 if args.quick else args.rounds)
    show(times)
    print(json.dumps(figures(times)))


if __name__ == '__main__':
    main()
