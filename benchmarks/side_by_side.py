"""A benchmark's parts judged by two processes, each with what it judges by."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

_judges: list[Callable[[Any], Any]] = []


def side_by_side(make: Callable[..., Callable[[Any], Any]], about: tuple[object, ...],
                 todo: Sequence[Any], what: str) -> Iterator[Any]:
    """What `make(*about)`, made once in each process, gives for each task, in any order."""
    with multiprocessing.get_context('spawn').Pool(2, _prepare, (make, about)) as pool:
        yield from tqdm(pool.imap_unordered(_judge, todo), total=len(todo),
                        desc=what, unit='part')


def _prepare(make: Callable[..., Callable[[Any], Any]], about: tuple[object, ...]) -> None:
    _judges.append(make(*about))


def _judge(task: Any) -> Any:
    return _judges[0](task)
