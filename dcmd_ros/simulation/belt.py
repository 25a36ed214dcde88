"""A part's way on the belt: in at one side of the view, across it, and out at the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcmd_ros.simulation.camera import look_down
from dcmd_ros.simulation.kinds import KINDS
from dcmd_ros.simulation.noise import generator
from dcmd_ros.simulation.simulator import SimulationError, place_of

BELT = 'belt'  # the station that moves
WHOLE = 2  # frames at least that show the whole part
SHADOW = 0.03  # metres beyond a part that its shadow reaches


@dataclass(frozen=True)
class Belt:
    """Speed in metres a second, and the seconds of empty belt between two parts."""

    speed: float = 0.5
    gap: float = 0.3


def way(belt: Belt, seed: int, kind: str, index: int, size: tuple[int, int], fps: float,
        ) -> list[float]:
    """
    The shift in metres of each frame of a part's pass, for `simulate`.

    From before the part enters until the gap behind it has passed.

    :raises SimulationError: the kind stands in a fixture, or too few frames show the whole part
    """
    if KINDS[kind].station != BELT:
        raise SimulationError(f'{kind} parts stand in a fixture, only {", ".join(moving())} parts '
                              'move on a belt')
    view = look_down(size, *KINDS[kind].camera)
    place = place_of(KINDS[kind], generator(seed, kind, index, 'pose'), 0.0)
    left, right = float(view.x0.min()), float(view.x0.max())
    step, radius = belt.speed / fps, KINDS[kind].radius
    if (right - left - 2 * radius) / step < WHOLE + 1:
        least = (WHOLE + 1) * belt.speed / (right - left - 2 * radius)
        raise SimulationError(
            f'at {belt.speed:g} m/s and {fps:g} frames a second a part is not wholly seen {WHOLE} '
            f'times: let the belt be slower, or take {np.ceil(least):.0f} frames a second or more')
    radius += SHADOW
    first, last = left - radius - place.x, right + radius - place.x + belt.gap * belt.speed
    return [float(shift) for shift in np.arange(first, last, step)]


def moving() -> list[str]:
    """The kinds that come on a belt."""
    return [name for name, kind in KINDS.items() if kind.station == BELT]


def place(seed: int, kind: str, index: int, size: tuple[int, int], spread: float) -> float:
    """
    A shift for `simulate` that lays a part anywhere on the belt, up to `spread` from the middle.

    0 for the kinds that stand in a fixture.

    :raises SimulationError: so far out a part is not wholly in view
    """
    if KINDS[kind].station != BELT or not spread:
        return 0.0
    view = look_down(size, *KINDS[kind].camera)
    most = min(view.x0.max(), -view.x0.min()) - KINDS[kind].radius - KINDS[kind].reach[0]
    if spread > most:
        raise SimulationError(f'{1000 * spread:.0f} mm from the middle a {kind} part is not '
                              f'wholly in view; {1000 * float(most):.0f} mm at most')
    return float(generator(seed, kind, index, 'place').uniform(-spread, spread))
