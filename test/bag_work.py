"""Functions for the workers of test_many.py: a spawned process must be able to import them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from dcmd_ros.errors import DcmdError


def measure(path: Path) -> dict[str, object]:
    """What a bag's name tells to do."""
    if 'bad' in path.name:
        raise DcmdError('topic /rgb/image has no messages')
    if 'bug' in path.name:
        raise ZeroDivisionError('a line\nand another')
    if 'dies' in path.name:
        os._exit(7)
    return {'size': len(path.name), 'threads': os.environ['OMP_NUM_THREADS']}


def unpicklable(path: Path) -> Any:
    return lambda: path


def name_process(path: Path) -> int:
    return os.getpid()


def wait_for_ever(path: Path) -> str:
    """Says when it began, and when it was interrupted, in files beside the bag."""
    if 'quick' in path.name:
        return path.name
    path.with_suffix('.begun').touch()
    try:
        while True:
            time.sleep(0.05)  # Ray interrupts between two steps only
    finally:
        path.with_suffix('.closed').touch()
