"""
Many bags at a time: on this machine, or on a Ray cluster.

    work = partial(replay_bag, options=options)  # of a module, so that a worker can import it
    batch = run_many(work, find_bags(folder), args.jobs, args.ray)
    write_table(batch.results)                   # {path: what replay_bag(path) returned}
    batch.settle(figures)                        # raises where a bag failed, or at Ctrl-C
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dcmd_ros.bags.errors import BagError
from dcmd_ros.bags.folder import METADATA, PACKED, storage_files
from dcmd_ros.bags.outcome import Outcome, Work
from dcmd_ros.bags.ray_workers import ray_outcomes
from dcmd_ros.bags.workers import local_outcomes
from dcmd_ros.errors import Unmet

CORES_EACH = 2  # the inspector runs two lanes of one core each


@dataclass
class Batch:
    """
    outcomes     of the bags that were done, in the order they were given
    total        how many were given
    interrupted  by Ctrl-C or SIGTERM, before all were done
    """

    outcomes: list[Outcome]
    total: int
    interrupted: bool = False

    @property
    def results(self) -> dict[Path, Any]:
        """What the function returned, by bag."""
        return {o.path: o.result for o in self.outcomes if o.failure is None}

    @property
    def failures(self) -> dict[Path, str]:
        """The reasons, by bag."""
        return {o.path: o.failure for o in self.outcomes if o.failure is not None}

    def settle(self, figures: dict[str, object]) -> None:
        """
        Raise what the command must end with, where not all went well.

        :raises KeyboardInterrupt: interrupted
        :raises Unmet: with the figures, naming what failed
        """
        if self.interrupted:
            print(f'interrupted: {len(self.outcomes)} of {self.total} bags were done and are kept',
                  file=sys.stderr)
            raise KeyboardInterrupt
        if self.failures:
            reasons = '; '.join(f'{path.name}: {why}' for path, why in self.failures.items())
            raise Unmet(f'{len(self.failures)} of {self.total} bags failed, the others are done '
                        f'({reasons})', figures)


def run_many(work: Work, paths: Sequence[Path], jobs: int | None = None,
             ray: str | None = None) -> Batch:
    """
    Do the same to each of the bags; one that fails, or kills its process, stops no other.

    :param work: picklable: a function of a module, or a partial of one. It gets the bag's path
        and returns something picklable. An interruption reaches it as KeyboardInterrupt
    :param jobs: processes at a time; None is one for each two cores, as the inspector keeps two
        busy, and on a cluster as many as fit
    :param ray: address of a Ray cluster, `local` starts one; None: processes of this machine
    :raises DcmdError: no cluster there
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    count = jobs or max(1, (cores or 1) // CORES_EACH)
    threads = max(1, (cores or 1) // count) if jobs else CORES_EACH
    source = local_outcomes(work, paths, count, threads) if ray is None else \
        ray_outcomes(work, paths, ray, jobs, threads)
    done: dict[Path, Outcome] = {}
    interrupted = False
    try:
        with _terminable(), closing(source), tqdm(total=len(paths), unit='bag') as bar:
            for outcome in source:
                done[outcome.path] = outcome
                if outcome.failure is not None:
                    bar.write(f'{outcome.path} failed: {outcome.failure}', file=sys.stderr)
                bar.update()
    except KeyboardInterrupt:
        interrupted = True
    return Batch([done[path] for path in paths if path in done], len(paths), interrupted)


def find_bags(path: Path) -> list[Path]:
    """
    The bags in a folder, sorted by name; the path itself where it is one.

    Storage files without a metadata.yaml are one bag where they are numbered from 0 on under
    one name, as rosbag2 splits it, else a bag each.

    :raises BagError: no bag there
    """
    if path.is_file() or is_bag(path):
        return [path]
    if not path.is_dir():
        raise BagError(f'{path}: there is no such file or folder')
    found = storage_files(path) + [p for p in path.iterdir() if p.is_dir() and is_bag(p)]
    if not found:
        raise BagError(f'{path}: no bags: they are folders with metadata.yaml, or .mcap or .db3 '
                       'files')
    return sorted(found, key=lambda p: p.name)


def is_bag(folder: Path) -> bool:
    """Whether a folder is one bag."""
    if (folder / METADATA).is_file():
        return True
    if not folder.is_dir():
        return False
    names = [Path(file.name.removesuffix(PACKED)).stem for file in storage_files(folder)]
    stem = re.sub(r'_\d+$', '', names[0]) if names else ''
    return bool(names) and names == [f'{stem}_{number}' for number in range(len(names))]


def stem(bag: Path) -> str:
    """What a bag's results are called."""
    return bag.name if bag.is_dir() else bag.name.partition('.')[0]


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt meanwhile, in a main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
