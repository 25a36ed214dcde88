"""Faults of a sensor on good frames, by `sensing/faults`, to learn confidence from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dcmd_ros.frame import Frame, Modality
from dcmd_ros.sensing.faults import FAULT_KINDS, corrupt

# Not misregistration, nor a frozen sensor: one frame's features do not tell (docs/network.md).
KINDS: dict[Modality, tuple[str, ...]] = {
    'rgb': ('under', 'over', 'blur', 'noise', 'holes'),
    'depth': ('blur', 'noise', 'bias', 'holes')}
_WEAKEST, _STRONGEST = 1 / 16, 4.0  # of a fault's default amount, where it is no share


@dataclass(frozen=True)
class Corruption:
    """A fault of a sensor; amount in the fault's unit, 0 leaves the frame as it is."""

    sensor: Modality
    kind: str
    amount: float

    def __call__(self, frame: Frame, rng: np.random.Generator) -> Frame:
        """The frame, which must have the sensor, with the fault."""
        image = frame.rgb if self.sensor == 'rgb' else frame.depth
        assert image is not None
        changed = corrupt(image, self.sensor, self.kind, self.amount, rng)
        return replace(frame, rgb=changed) if self.sensor == 'rgb' else \
            replace(frame, depth=changed)


def drawn(sensor: Modality, kind: str, rng: np.random.Generator) -> Corruption:
    """A corruption of a random amount: shares evenly, the others evenly in their logarithm."""
    limits = FAULT_KINDS[kind].amounts[sensor]
    assert limits is not None
    if limits.unit == 'share' and limits.default >= 0.3:
        return Corruption(sensor, kind, float(rng.uniform(0, 0.97)))
    amount = limits.default * float(np.exp(rng.uniform(np.log(_WEAKEST), np.log(_STRONGEST))))
    if limits.low < 0 and rng.random() < 0.5:
        amount = -amount
    return Corruption(sensor, kind, amount)
