"""The trial on made-up defects: what raises the alarm is found, and nothing else."""

from __future__ import annotations

import numpy as np
import torch
from detector_rig import CAMERA, SIZE, frames_of

from dcmd_ros.frame import MODES, Mode
from dcmd_ros.network.preparation import Preparation, Prepared, View
from dcmd_ros.sensing.foreground import learn_scene
from dcmd_ros.training.pseudo_anomaly import KINDS
from dcmd_ros.training.trial import told, trial

PARTS = frames_of(range(10))
SCENE = learn_scene([frame.depth for frame in frames_of(range(20)) if frame.depth is not None])
PREPARATION = Preparation(View(CAMERA, (0, 0, SIZE), 64, 1.0, 150.0, (0, 0, 0)), SCENE)


class Alarms:
    """A detector that raises the alarm where colour differs from all good parts'."""

    device = 'cpu'

    def __init__(self, known: bool = True) -> None:
        self.known = known
        self.judged: set[tuple[Mode, bool, bool]] = set()
        self.good = [PREPARATION(frame).colour for frame in PARTS]

    def __call__(self, prepared: Prepared, mode: Mode) -> tuple[torch.Tensor, torch.Tensor]:
        self.judged.add((mode, prepared.colour is not None, prepared.normals is not None))
        differs = prepared.colour is not None and not any(
            np.allclose(prepared.colour, colour, atol=1e-3) for colour in self.good)
        return torch.full((16, 16), 1.0 if differs else -1.0), torch.full((16, 16), self.known)


def test_each_kind_is_tried_in_each_mode_with_the_sensors_of_that_mode() -> None:
    detector = Alarms()
    found = trial(detector, PREPARATION, PARTS, 0)  # type: ignore[arg-type]
    assert {mode: set(kinds) for mode, kinds in found.items()} == {m: set(KINDS) for m in MODES}
    assert set(found['both'].values()) == {1.0} and set(found['depth_only'].values()) == {0.0}
    assert detector.judged == {
        ('both', True, True), ('rgb_only', True, False), ('depth_only', False, True)}
    assert told(found).startswith('both 100 %, ') and told(found).endswith(', depth_only 0 %')


def test_what_is_unknown_raises_no_alarm() -> None:
    found = trial(Alarms(known=False), PREPARATION, PARTS, 0)  # type: ignore[arg-type]
    assert np.mean([share for kinds in found.values() for share in kinds.values()]) == 0
    assert told({mode: {} for mode in MODES}) == 'none tried, no part was found'
