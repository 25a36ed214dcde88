"""The one thing that flows out: what the inspector makes of one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dcmd_ros.frame import Modality, Mode

Verdict = Literal['good', 'anomalous', 'no_part', 'unknown']
Presence = Literal['whole', 'cut', 'absent']
THRESHOLD = 0.5


@dataclass(frozen=True)
class Inspection:
    """
    The result for one frame.

    stamp, frame_id   of the frame, unchanged
    mode              the sensors that the frame held
    verdict           `anomalous` where score >= threshold; `unknown` where nothing could be scored
    score             in (0, 1), strictly increasing in the evidence, 0.5 = decision threshold;
                      the largest value of `map` that is not NaN; NaN where nothing could be scored
    map               (H, W) float32 of the frame's size: 0..1, 0 off the part, NaN where nothing
                      could be scored
    mask              (H, W) uint8, 255 where the map reaches the threshold, else 0
    confidence        for each modality the frame's mean trust in [0, 1], NaN where absent
    timings           milliseconds by stage: prepare, network, map
    presence          whether the part is wholly in view, cut off at a border, or not there;
                      `whole` too where that cannot be told
    centre            of the part, x and y from the middle of the inspected square; 1 is the root
                      of the usual part's area
    """

    stamp: int
    frame_id: str
    mode: Mode
    verdict: Verdict
    score: float
    map: NDArray[np.float32]
    mask: NDArray[np.uint8]
    confidence: Mapping[Modality, float]
    timings: Mapping[str, float] = field(default_factory=dict)
    threshold: float = THRESHOLD
    presence: Presence = 'whole'
    centre: tuple[float, float] = (0.0, 0.0)
