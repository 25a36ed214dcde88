"""Tries a calibrated model on made-up defects: what would it find, and with which sensors?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dcmd_ros.frame import MODES, Frame, Mode
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.sensing.foreground import part_by_depth
from dcmd_ros.training.calibration import alone
from dcmd_ros.training.material import Frames
from dcmd_ros.training.pseudo_anomaly import FEWEST, KINDS, PseudoAnomaly, pseudo_anomaly
from dcmd_ros.training.side_by_side import side_by_side

MOST = 8  # parts that are tried, each with every kind of defect

Found = dict[Mode, dict[str, float]]


def trial(detector: Detector, preparation: Preparation, parts: Frames, seed: int) -> Found:
    """
    The share of made-up defects that raise the alarm, by availability mode and kind.

    :param detector: with its scales
    :param parts: good ones that it was not trained on
    """
    parts = parts.spread(MOST)

    def judge(index: int) -> list[tuple[Mode, str, bool]]:
        return [(mode, made.kind, _alarm(detector, preparation, made.frame, mode))
                for made in made_up(parts, index, preparation, seed) for mode in MODES]

    alarms: dict[Mode, dict[str, list[bool]]] = {m: {k: [] for k in KINDS} for m in MODES}
    for judged in side_by_side(judge, len(parts), 'made-up defects', detector.device):
        for mode, kind, alarm in judged:
            alarms[mode][kind].append(alarm)
    return {mode: {kind: float(np.mean(seen)) for kind, seen in kinds.items() if seen}
            for mode, kinds in alarms.items()}


def made_up(parts: Frames, index: int, preparation: Preparation,
            seed: int) -> Iterator[PseudoAnomaly]:
    """Every kind of made-up defect on one of some good parts."""
    frame, rng = parts[index], np.random.default_rng((seed, index))
    assert frame.depth is not None
    part = part_by_depth(frame.depth, preparation.scene)
    if part.sum() >= FEWEST:
        for kind in KINDS:
            yield pseudo_anomaly(frame, parts[index - 1], part, rng, kind)


def _alarm(detector: Detector, preparation: Preparation, frame: Frame, mode: Mode) -> bool:
    excess, known = detector(preparation(alone(frame, mode)), mode)
    return bool((excess[known] >= 0).any())


def told(found: Found) -> str:
    """For people: `both 93 %, rgb_only 85 %, depth_only 70 %`."""
    tried = {mode: kinds for mode, kinds in found.items() if kinds}
    return ', '.join(f'{mode} {np.mean(list(kinds.values())):.0%}'.replace('%', ' %')
                     for mode, kinds in tried.items()) or 'none tried, no part was found'
