"""Work in processes of this machine; one that dies takes only its own bag along."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context
from pathlib import Path

from dcmd_ros.bags.outcome import Outcome, Work, attempt, one_line

GRACE = 20.0  # s that an interrupted worker has to close its files


def thread_limits(threads: int) -> dict[str, str]:
    """The environment of a process that is to keep to so many cores, and to show no bar."""
    names = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS',
             'OPENCV_FOR_THREADS_NUM')
    return {**{name: str(threads) for name in names}, 'TQDM_DISABLE': '1'}


def local_outcomes(
        work: Work, paths: Sequence[Path], jobs: int,
        threads: int) -> Generator[Outcome, None, None]:
    """
    The outcomes as they come, of up to `jobs` processes at a time with `threads` cores each.

    Closing the iterator interrupts what still runs.
    """
    waiting = deque(paths)
    busy: dict[connection.Connection, Worker] = {}
    workers: list[Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                worker = next((w for w in workers if w.idle), None) or Worker(work, threads)
                if worker not in workers:
                    workers.append(worker)
                worker.begin(waiting.popleft())
                busy[worker.pipe] = worker
            for pipe in connection.wait(list(busy)):
                yield busy.pop(pipe).outcome()  # type: ignore[call-overload]
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join()


class Worker:
    """
    A process that does one bag after the other.

    Spawned, never forked: torch, OpenCV and rclpy hang in a fork of a process that used them.
    """

    def __init__(self, work: Work, threads: int) -> None:
        context = get_context('spawn')
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, work), daemon=True)
        self._path: Path | None = None
        self._alive = True
        with _environment(thread_limits(threads)):
            self._process.start()
        theirs.close()

    @property
    def idle(self) -> bool:
        return self._alive and self._path is None

    def begin(self, path: Path) -> None:
        self._path = path
        with suppress(OSError):  # it died; `outcome` will tell
            self.pipe.send(path)

    def outcome(self) -> Outcome:
        """Of the bag it was given; waits for it."""
        assert self._path is not None
        path, self._path = self._path, None
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self._alive = False
            self._process.join()
            return Outcome(path, failure=_death(self._process.exitcode or 0))

    def stop(self) -> None:
        self._process.terminate()

    def join(self) -> None:
        """Until it has closed its files, within GRACE."""
        self._process.join(GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        self.pipe.close()


def serve(pipe: connection.Connection, work: Work) -> None:
    """
    A worker's life: until the pipe is closed or SIGTERM.

    Ctrl-C of the terminal reaches all its processes; here it is for the parent to decide.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            _send(pipe, attempt(work, pipe.recv()))
    except (EOFError, OSError, KeyboardInterrupt):
        pass


def _send(pipe: connection.Connection, outcome: Outcome) -> None:
    try:
        pipe.send(outcome)
    except OSError:
        raise
    except Exception as error:
        pipe.send(Outcome(outcome.path, failure='its result cannot be sent from process to '
                                                f'process: {one_line(error)}'))


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return ('its process was killed (SIGKILL), as Linux does when memory runs out; '
                'try fewer --jobs')
    reason = f'of {signal.Signals(-code).name}' if code < 0 else f'with exit code {code}'
    return f'its process died {reason}'


@contextmanager
def _environment(extra: Mapping[str, str]) -> Iterator[None]:
    """These variables too, for the processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update(extra)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
