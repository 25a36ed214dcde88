"""How much each map counts for a category, by made-up defects on good parts not trained on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dcmd_ros.frame import Frame, Mode
from dcmd_ros.network.dcmd import BRANCHES, MEMORIES
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.fusion import Scale
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.training.calibration import Kept, keep, usual
from dcmd_ros.training.material import Frames
from dcmd_ros.training.side_by_side import side_by_side
from dcmd_ros.training.trial import made_up

PARTS = 12  # with defects made on them
# Of cross students and memories, in the order in which they are preferred.
TRIED = ((1.0, 1.0), (2.0, 0.5), (0.5, 2.0))
MARGIN = 0.01  # by which another must be better than all equal


def weighed(detector: Detector, preparation: Preparation, parts: Frames,
            seed: int) -> dict[str, float]:
    """
    The maps' weights where both sensors are there: those of TRIED that tell parts with a made-up
    defect best from the same without, by image AUROC; all equal unless others are clearly better.

    :param parts: good ones that the detector was not trained on
    """
    some = parts.spread(PARTS)

    def look(frames: Iterable[Frame]) -> list[Kept]:
        found = (keep(detector, preparation, frame, 'both') for frame in frames)
        return [kept for kept in found if kept is not None]

    def with_defects(index: int) -> list[Kept]:
        return look(made.frame for made in made_up(some, index, preparation, seed))

    good = sum(side_by_side(lambda index: look([parts[index]]), len(parts), 'good parts',
                            detector.device), [])
    bad = sum(side_by_side(with_defects, len(some), 'made-up defects', detector.device), [])
    if not good or not bad:
        return weights(*TRIED[0])
    told = [_told(good, bad, weights(*each)) for each in TRIED]
    best = int(np.argmax([told[0] + MARGIN, *told[1:]]))
    return weights(*TRIED[best])


def weights(cross: float, memory: float) -> dict[str, float]:
    """By map; an intra student weighs 1."""
    return {**{name: cross if branch.cross else 1.0 for name, branch in BRANCHES.items()},
            **dict.fromkeys(MEMORIES, memory)}


def _told(good: list[Kept], bad: list[Kept], chosen: dict[str, float]) -> float:
    """The chance that a part with a defect scores above a good one."""
    scale: dict[Mode, Scale] = {'both': Scale(usual(good), weights=chosen)}
    high, low = (np.array([kept.largest('both', scale) for kept in group])
                 for group in (bad, good))
    return float(np.mean((high[:, None] > low) + 0.5 * (high[:, None] == low)))
