"""
Faults of a sensor: the one parser and the one implementation.

The text is read by `parse_faults`; `corrupt` changes pictures (training, the degradation matrix);
`FaultInjector` lets the faults of a list befall a live or replayed source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.sensing.fault_grammar import (
    Fault,
    FaultError,
    describe_faults,
    format_faults,
    parse_faults,
)
from dcmd_ros.sensing.fault_images import Image, corrupt
from dcmd_ros.sensing.fault_kinds import FAULT_KINDS, Amount, FaultKind

__all__ = [
    'FAULT_KINDS', 'Amount', 'Emission', 'Fault', 'FaultError', 'FaultInjector', 'FaultKind',
    'corrupt', 'describe_faults', 'format_faults', 'parse_faults']

SECOND = 1_000_000_000
LAST_STAMP = 2 ** 31 * SECOND - 1  # of builtin_interfaces/Time
UNKNOWN_ENCODING = 'no_such_encoding'


@dataclass(frozen=True)
class Emission:
    """
    What a sensor sends for one image.

    stamp   nanoseconds, as the message says
    delay   nanoseconds by which it comes late
    spoilt  message-level faults: any of `encoding`, `short` (data cut to half), `step`
    """

    image: Image
    stamp: int
    delay: int = 0
    spoilt: tuple[str, ...] = ()

    def spoil(self, message: Any) -> None:
        """Do the message-level faults to a filled sensor_msgs/Image."""
        if 'encoding' in self.spoilt:
            message.encoding = UNKNOWN_ENCODING
        if 'short' in self.spoilt:
            message.data = message.data[:len(message.data) // 2]
        if 'step' in self.spoilt:
            message.step = 1


class FaultInjector:
    """
    Lets faults befall a source; the same seed, faults and calls give the same result.

    Faults that overlap apply in the order of their list.
    """

    def __init__(self, faults: tuple[Fault, ...], seed: int = 0) -> None:
        self._faults = faults
        self._seed = seed
        self._frames = dict.fromkeys(MODALITIES, 0)
        self._last: dict[Modality, Image] = {}
        self._held: dict[int, Image] = {}

    def apply(self, sensor: Modality, elapsed: float, image: Image, stamp: int) -> Emission | None:
        """
        What the sensor sends instead of this image, or None where it sends nothing.

        :param elapsed: seconds since the source began
        :param stamp: nanoseconds
        """
        frame = self._frames[sensor]
        self._frames[sensor] += 1
        emission: Emission | None = Emission(image, stamp)
        for index, fault in enumerate(self._faults):
            if emission and fault.sensor == sensor and fault.active(elapsed):
                emission = self._befall(emission, fault, index, frame)
        if emission:
            self._last[sensor] = emission.image
        return emission

    def _befall(self, sent: Emission, fault: Fault, index: int, frame: int) -> Emission | None:
        moment = 0 if FAULT_KINDS[fault.kind].steady else frame + 1
        rng = np.random.default_rng((self._seed, index, moment))
        if FAULT_KINDS[fault.kind].level == 'image':
            picture = corrupt(sent.image, fault.sensor, fault.kind, fault.amount, rng)
            return replace(sent, image=picture)
        if FAULT_KINDS[fault.kind].level == 'message':
            return _spoil(sent, fault, frame)
        return self._stream(sent, fault, index, rng)

    def _stream(self, sent: Emission, fault: Fault, index: int,
                rng: np.random.Generator) -> Emission | None:
        shift = round(fault.amount * SECOND)
        if fault.kind == 'drop' or fault.kind == 'loss' and rng.random() < fault.amount:
            return None
        if fault.kind == 'freeze':
            last = self._last.get(fault.sensor, sent.image)
            return replace(sent, image=self._held.setdefault(index, last))
        if fault.kind == 'delay':
            return replace(sent, delay=sent.delay + shift)
        if fault.kind in ('offset', 'stamp_jump'):
            return replace(sent, stamp=min(max(sent.stamp + shift, 0), LAST_STAMP))
        return sent


def _spoil(sent: Emission, fault: Fault, frame: int) -> Emission:
    if fault.kind == 'size':
        height, width = (max(round(side * fault.amount), 1) for side in sent.image.shape[:2])
        smaller = cv2.resize(sent.image, (width, height), interpolation=cv2.INTER_NEAREST)
        return replace(sent, image=smaller)
    if fault.kind == 'encoding':
        return replace(sent, spoilt=(*sent.spoilt, 'encoding'))
    return replace(sent, spoilt=(*sent.spoilt, 'step' if frame % 2 else 'short'))
