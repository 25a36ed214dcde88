"""The same work on a Ray cluster (the extra `ray`)."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from dcmd_ros.bags.outcome import Outcome, Work, attempt, one_line
from dcmd_ros.bags.workers import GRACE, thread_limits
from dcmd_ros.errors import DcmdError

LOCAL = 'local'
ANSWER = 10.0       # s
STORE = 100 << 20   # bytes of a local cluster's object store: results are small


def ray_outcomes(work: Work, paths: Sequence[Path], address: str, jobs: int | None,
                 threads: int) -> Generator[Outcome, None, None]:
    """
    The outcomes as they come. All nodes must see the bags under the same paths, and have
    dcmd_ros installed.

    :param address: of the cluster, such as `auto` or `ray://host:10001`; `local` starts one
    :param jobs: tasks at a time; None is as many as the cluster has cores for
    :raises DcmdError: ray is not installed, or no cluster answers
    """
    ray = _connect(address, jobs)
    environment = thread_limits(threads)
    if address == LOCAL:
        environment['PYTHONPATH'] = os.pathsep.join(sys.path)
    slots = 1 if address == LOCAL and jobs else min(threads, _cores_of_a_node(ray))
    task = ray.remote(attempt).options(
        num_cpus=slots, max_retries=0, runtime_env={'env_vars': environment})
    waiting = deque(paths)
    running: dict[Any, Path] = {}
    try:
        while waiting or running:
            while waiting and len(running) < (jobs or len(paths)):
                path = waiting.popleft()
                running[task.remote(work, path)] = path
            for reference in ray.wait(list(running))[0]:
                yield _outcome(ray, reference, running.pop(reference))
    finally:
        _interrupt(ray, list(running))
        ray.shutdown()


def _interrupt(ray: Any, running: list[Any]) -> None:
    """Raise KeyboardInterrupt in the tasks, and let them close their files."""
    for reference in running:
        ray.cancel(reference)
    if running:
        ray.wait(running, num_returns=len(running), timeout=GRACE)


def _connect(address: str, jobs: int | None) -> Any:
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    try:
        import ray
    except ImportError:
        raise DcmdError('--ray needs Ray: pip install "dcmd_ros[ray]"') from None
    start: dict[str, Any] = {'num_cpus': jobs, 'include_dashboard': False,
                             'object_store_memory': STORE} if address == LOCAL else {}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **start)
    except Exception as error:  # Ray has many, and none in common
        raise DcmdError(f'no Ray cluster at {address!r} ({one_line(error)}); start one with '
                        '`ray start --head`, or use --ray local') from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray's own would exit from within
    return ray


def _knock(address: str) -> None:
    """OSError where nobody listens: Ray itself would try for five minutes."""
    host, colon, port = address.removeprefix('ray://').rpartition(':')
    if colon and port.isdigit():
        socket.create_connection((host, int(port)), ANSWER).close()


def _cores_of_a_node(ray: Any) -> int:
    return int(max(node['Resources'].get('CPU', 0) for node in ray.nodes() if node['Alive']))


def _outcome(ray: Any, reference: Any, path: Path) -> Outcome:
    try:
        return ray.get(reference)
    except ray.exceptions.WorkerCrashedError:
        return Outcome(path, failure='its process died')
    except ray.exceptions.OutOfMemoryError:
        return Outcome(path, failure='its process was killed, as memory ran out; '
                                     'try fewer --jobs')
    except ray.exceptions.RayError as error:
        return Outcome(path, failure=f'Ray: {str(error).strip().splitlines()[-1]}')
