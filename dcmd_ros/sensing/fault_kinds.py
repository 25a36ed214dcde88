"""What can go wrong with a sensor: the kinds of fault, their amounts and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dcmd_ros.frame import MODALITIES, Modality

Unit = Literal['share', 's', 'm', 'px', 'x']
Level = Literal['image', 'stream', 'message']


@dataclass(frozen=True)
class Amount:
    """How much of a fault: its unit, what stands in when none is given, and its range."""

    unit: Unit
    default: float
    low: float
    high: float

    def __str__(self) -> str:
        unit = '' if self.unit == 'share' else f' {self.unit}'
        return f'{self.low:g}..{self.high:g}{unit}, default {self.default:g}'


@dataclass(frozen=True)
class FaultKind:
    """
    One kind of fault.

    level    `image`: changes pixels (see fault_images.corrupt); `stream`: changes which message
             comes when; `message`: makes the message itself impossible or unlike the others
    amounts  for each sensor that it can befall, None where it takes no amount
    steady   the same pattern on every frame of one fault, not a fresh one
    help     one line for the user
    """

    level: Level
    amounts: Mapping[Modality, Amount | None]
    help: str
    steady: bool = False


def _each(amount: Amount | None) -> dict[Modality, Amount | None]:
    return dict.fromkeys(MODALITIES, amount)


SHARE = Amount('share', 0.3, 0.0, 1.0)
STRENGTH = Amount('share', 0.8, 0.0, 1.0)
SIGMA = Amount('px', 3.0, 0.0, 50.0)
FAULT_KINDS: dict[str, FaultKind] = {
    'drop': FaultKind('stream', _each(None), 'no messages at all'),
    'loss': FaultKind('stream', _each(SHARE), 'a random share of the messages is lost'),
    'freeze': FaultKind('stream', _each(None), 'the same picture again and again, stamps go on'),
    'delay': FaultKind('stream', _each(Amount('s', 0.2, 0.0, 60.0)),
                       'messages come late, stamps as they were'),
    'offset': FaultKind('stream', _each(Amount('s', 0.05, -60.0, 60.0)),
                        'stamps are off by a constant'),
    'stamp_jump': FaultKind('stream', _each(Amount('s', -10.0, -1e10, 1e10)),
                            'stamps jump at FROM (and back at TO); never below zero'),
    'blind': FaultKind('image', _each(None), 'covered: colour black, depth all missing'),
    'over': FaultKind('image', {'rgb': STRENGTH}, 'over-exposed; 1 is white'),
    'under': FaultKind('image', {'rgb': STRENGTH}, 'under-exposed; 1 is black'),
    'blur': FaultKind('image', _each(SIGMA), 'out of focus, sigma of the blur'),
    'noise': FaultKind('image', {'rgb': Amount('share', 0.1, 0.0, 1.0),
                                 'depth': Amount('m', 0.001, 0.0, 1.0)},
                       'standard deviation: colour as a share of white, depth in metres'),
    'bias': FaultKind('image', {'depth': Amount('m', 0.005, -1.0, 1.0)},
                      'depth drifted by an offset and half as deep a bowl'),
    'holes': FaultKind('image', _each(SHARE), 'a share of the image is missing, in blocks',
                       steady=True),
    'misregister': FaultKind('image', _each(Amount('px', 4.0, 0.0, 200.0)),
                             'the image is shifted against the other one', steady=True),
    'malformed': FaultKind('message', _each(None), 'data too short, or an impossible step'),
    'encoding': FaultKind('message', _each(None), 'an encoding that nobody knows'),
    'size': FaultKind('message', _each(Amount('x', 0.5, 0.05, 4.0)),
                      'another resolution, camera_info with it'),
}
