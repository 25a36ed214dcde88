"""
The degradation matrix: which sensor fails how, on which of the test samples.

A *condition* is a row of the contract's matrix; a *variant* is what it does to one frame. Most
conditions do the same to every sample. `missing_{rgb,depth,both}_N` blind a sensor on N % of the
samples and leave the others alone, as MISDD-MM does (Jiang et al., 2025): `both` blinds RGB on one
half of the chosen samples and depth on the other, and a larger share holds the smaller ones.

Only `no_rgb` and `no_depth` take the sensor out of the frame. All else has to be noticed.
"""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np

from dcmd_ros.errors import DcmdError
from dcmd_ros.frame import Frame, Modality
from dcmd_ros.sensing.faults import Fault, corrupt, parse_faults

MODES = ('both', 'no_rgb', 'no_depth')
FAULTS = {
    'holes_10': 'holes depth 0.1', 'holes_30': 'holes depth 0.3', 'holes_50': 'holes depth 0.5',
    'rgb_under': 'under rgb', 'rgb_over': 'over rgb', 'rgb_blur': 'blur rgb',
    'rgb_noise': 'noise rgb', 'depth_noise': 'noise depth', 'depth_bias': 'bias depth',
}
BLINDED: dict[Modality, str] = {'rgb': 'blind rgb', 'depth': 'blind depth'}
WHICH: dict[str, tuple[Modality, ...]] = {
    'rgb': ('rgb',), 'depth': ('depth',), 'both': ('rgb', 'depth')}
MISSING = {f'missing_{what}_{share}': (sensors, share / 100)
           for what, sensors in WHICH.items() for share in (30, 50, 70)}
CONDITIONS = (*MODES, *FAULTS, 'depth_frozen', 'misregistered', *MISSING)
VARIANTS = {**FAULTS, 'misregistered': 'misregister depth', **{b: b for b in BLINDED.values()}}


class ConditionError(DcmdError):
    """A condition that the matrix does not know."""


def check(conditions: tuple[str, ...]) -> tuple[str, ...]:
    """
    The conditions, if the matrix has each of them.

    :raises ConditionError: naming the first unknown one and all known ones
    """
    for name in conditions:
        if name not in CONDITIONS:
            raise ConditionError(f'no condition {name!r}; known: {", ".join(CONDITIONS)}')
    return conditions


def describe(condition: str) -> str:
    """What a condition does, for people: the fault in the fault language where it is one."""
    if condition in MISSING:
        sensors, share = MISSING[condition]
        return f'{" or ".join(sensors)} zero on {share:.0%} of the samples'
    known = {'both': 'both sensors', 'no_rgb': 'depth only, announced',
             'no_depth': 'RGB only, announced', 'depth_frozen': 'depth of the previous sample'}
    return known.get(condition) or str(parse_faults(VARIANTS[condition])[0])


def plan(condition: str, count: int, seed: int = 0) -> list[str]:
    """The variant of each of `count` samples."""
    if condition not in MISSING:
        return [condition] * count
    sensors, share = MISSING[condition]
    order = np.random.default_rng(seed).permutation(count)
    variants = ['both'] * count
    for place, index in enumerate(order[:round(share * count)]):
        variants[index] = BLINDED[sensors[place % len(sensors)]]
    return variants


def degraded(variant: str, frame: Frame, previous: Frame, name: str, seed: int = 0,
             strength: float = 1.0) -> Frame:
    """
    The frame as this variant lets it through.

    :param previous: the sample before it, whose depth a frozen sensor delivers
    :param name: the sample's; with `seed` it fixes the random part, so that an order or a choice
        of samples changes nothing, and 30 % holes contain the 10 % holes
    :param strength: 0 to 1, of the matrix's faults of an image
    """
    if variant == 'both':
        return frame
    if variant == 'no_rgb':
        return replace(frame, rgb=None)
    if variant == 'no_depth':
        return replace(frame, depth=None)
    if variant == 'depth_frozen':
        return replace(frame, depth=previous.depth)
    fault = parse_faults(VARIANTS[variant])[0]
    return faulty(frame, replace(fault, amount=strength * fault.amount), name, seed)


def faulty(frame: Frame, fault: Fault, name: str, seed: int) -> Frame:
    """The frame with a fault in the sensor's image; unchanged where it has none."""
    rng = np.random.default_rng((seed, crc32(name.encode()), crc32(fault.kind.encode())))
    image = frame.rgb if fault.sensor == 'rgb' else frame.depth
    if image is None:
        return frame
    changed = corrupt(image, fault.sensor, fault.kind, fault.amount, rng)
    return replace(frame, rgb=changed) if fault.sensor == 'rgb' else replace(frame, depth=changed)
