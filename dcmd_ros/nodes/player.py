"""Plays recorded frames; they are read ahead in a thread, so that the rate holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from tqdm import tqdm

from dcmd_ros.nodes.source import SourceFrame
from dcmd_ros.nodes.source_loop import Report, SourceOptions, run_source

T = TypeVar('T')
AHEAD = 8


def play(frames: Iterable[SourceFrame], total: int | None, options: SourceOptions,
         ros_args: Sequence[str] = ()) -> Report:
    """
    Publish frames at their rate, with a progress bar; `total` is their number where known.

    :raises DcmdError: as run_source, and what reading the frames raises
    """
    def shown() -> Iterator[SourceFrame]:
        yield from tqdm(read_ahead(frames), total=total, unit='frame', desc=options.name)

    return run_source(shown(), options, ros_args)


def read_ahead(items: Iterable[T], ahead: int = AHEAD) -> Iterator[T]:
    """The same items and exceptions, made up to `ahead` early by a thread of their own."""
    end: Any = object()
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = deque(pool.submit(next, iterator, end) for _ in range(ahead))
        try:
            while (item := pending.popleft().result()) is not end:
                pending.append(pool.submit(next, iterator, end))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)
