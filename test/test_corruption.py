"""Faults to learn confidence from."""

from __future__ import annotations

import numpy as np
import pytest
from detector_rig import frame_of

from dcmd_ros.frame import MODALITIES, Modality
from dcmd_ros.sensing.faults import FAULT_KINDS, corrupt
from dcmd_ros.training.corruption import KINDS, Corruption, drawn

EVERY = pytest.mark.parametrize(('sensor', 'kind'), [(s, k) for s in MODALITIES for k in KINDS[s]])


@EVERY
def test_amounts_are_possible_and_reach_beyond_the_usual_on_both_sides(sensor: Modality,
                                                                       kind: str) -> None:
    rng, limits = np.random.default_rng(0), FAULT_KINDS[kind].amounts[sensor]
    assert limits is not None
    amounts = np.array([drawn(sensor, kind, rng).amount for _ in range(200)])
    assert (limits.low <= amounts).all() and (amounts <= limits.high).all()
    strong = np.abs(amounts)
    assert strong.min() < limits.default / 2 < limits.default < strong.max()
    assert (amounts < 0).any() == (limits.low < 0)


@EVERY
def test_it_is_the_fault_of_the_one_fault_code_and_leaves_the_other_sensor_alone(
        sensor: Modality, kind: str) -> None:
    frame, amount = frame_of(1), 0.4
    changed = Corruption(sensor, kind, amount)(frame, np.random.default_rng(3))
    image, other = (changed.rgb, changed.depth) if sensor == 'rgb' else (changed.depth,
                                                                         changed.rgb)
    before, kept = (frame.rgb, frame.depth) if sensor == 'rgb' else (frame.depth, frame.rgb)
    assert other is kept
    assert np.array_equal(image, corrupt(before, sensor, kind, amount, np.random.default_rng(3)))
    assert not np.array_equal(image, before)
