"""Tries a calibrated model on made-up defects: what would it find, and with which sensors?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from dcmd_ros.frame import MODES, Frame, Mode
from dcmd_ros.network.detector import Detector
from dcmd_ros.network.preparation import Preparation
from dcmd_ros.sensing.foreground import part_by_depth
from dcmd_ros.training.calibration import alone
from dcmd_ros.training.material import Frames
from dcmd_ros.training.pseudo_anomaly import FEWEST, KINDS, PseudoAnomaly, pseudo_anomaly

MOST = 8  # parts that are tried, each with every kind of defect

Found = dict[Mode, dict[str, float]]


def trial(detector: Detector, preparation: Preparation, parts: Frames, seed: int) -> Found:
    """
    The share of made-up defects that raise the alarm, by availability mode and kind.

    :param detector: with its scales
    :param parts: good ones that it was not trained on
    """
    alarms: dict[Mode, dict[str, list[bool]]] = {m: {k: [] for k in KINDS} for m in MODES}
    for made in made_up(parts.spread(MOST), preparation, seed):
        for mode in MODES:
            alarms[mode][made.kind].append(_alarm(detector, preparation, made.frame, mode))
    return {mode: {kind: float(np.mean(seen)) for kind, seen in kinds.items() if seen}
            for mode, kinds in alarms.items()}


def made_up(parts: Frames, preparation: Preparation, seed: int) -> Iterator[PseudoAnomaly]:
    """Every kind of made-up defect on each of some good parts, with a bar."""
    rng = np.random.default_rng(seed)
    frames = list(parts)
    for index, frame in enumerate(tqdm(frames, desc='made-up defects', unit='part')):
        assert frame.depth is not None
        part = part_by_depth(frame.depth, preparation.scene)
        if part.sum() < FEWEST:
            continue
        for kind in KINDS:
            yield pseudo_anomaly(frame, frames[index - 1], part, rng, kind)


def _alarm(detector: Detector, preparation: Preparation, frame: Frame, mode: Mode) -> bool:
    excess, known = detector(preparation(alone(frame, mode)), mode)
    return bool((excess[known] >= 0).any())


def told(found: Found) -> str:
    """For people: `both 93 %, rgb_only 85 %, depth_only 70 %`."""
    tried = {mode: kinds for mode, kinds in found.items() if kinds}
    return ', '.join(f'{mode} {np.mean(list(kinds.values())):.0%}'.replace('%', ' %')
                     for mode, kinds in tried.items()) or 'none tried, no part was found'
