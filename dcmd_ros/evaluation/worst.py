"""Keeps the pictures of a few frames while many stream by."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dcmd_ros.evaluation.page import MOST_SHOWN


@dataclass(order=True, frozen=True)
class Picture:
    """A JPEG, and how bad the frame is that it shows: the greatest is the worst."""

    badness: float
    age: int
    stamp: int = field(compare=False)
    jpeg: bytes = field(compare=False, repr=False)


class Worst:
    """The worst frames of each pile, at most `most` pictures a pile."""

    def __init__(self, most: int = MOST_SHOWN) -> None:
        self.most = most
        self._piles: dict[str, list[Picture]] = {}
        self._offered = 0

    def offer(self, pile: str, badness: float, stamp: int, draw: Callable[[], bytes]) -> None:
        """
        Keep the picture if it is among the worst; the earlier of two that are equally bad.

        :param badness: NaN counts as the least
        :param draw: makes the JPEG, asked only when it is kept
        """
        kept = self._piles.setdefault(pile, [])
        self._offered += 1
        rank = (-np.inf if np.isnan(badness) else float(badness), -self._offered)
        if len(kept) < self.most:
            heapq.heappush(kept, Picture(*rank, stamp, draw()))
        elif rank > (kept[0].badness, kept[0].age):
            heapq.heapreplace(kept, Picture(*rank, stamp, draw()))

    def pile(self, name: str) -> list[Picture]:
        """The kept pictures, the worst first."""
        return sorted(self._piles.get(name, []), reverse=True)
