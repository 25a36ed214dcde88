"""Verbs of ours as processes beside this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 10.0  # seconds that it has to end


@contextmanager
def process(verb: str, *arguments: object,
            quiet: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A verb of ours as a process, interrupted at the end and killed if it does not listen."""
    child = subprocess.Popen(
        [sys.executable, '-m', 'dcmd_ros', verb, *map(str, arguments)],
        stdout=subprocess.DEVNULL if quiet else None,
        env={**os.environ, 'TQDM_DISABLE': '1'} if quiet else None)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
