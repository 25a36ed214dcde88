"""Work on many parts, each core with one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from tqdm import tqdm

T = TypeVar('T')


def workers(device: str) -> ThreadPoolExecutor:
    """A thread for each core, with no further threads in torch; one where the work is a GPU's."""
    lanes = len(os.sched_getaffinity(0)) if device == 'cpu' else 1
    return ThreadPoolExecutor(lanes, 'lane', torch.set_num_threads,
                              (1 if lanes > 1 else torch.get_num_threads(),))


def side_by_side(work: Callable[[int], T], count: int, what: str, device: str,
                 unit: str = 'part') -> list[T]:
    """
    The work on 0 to count - 1, in order, under a progress bar.

    By number, so that what is worked on is read when its turn comes.
    """
    with workers(device) as lanes:
        return list(tqdm(lanes.map(work, range(count)), desc=what, total=count, unit=unit))
