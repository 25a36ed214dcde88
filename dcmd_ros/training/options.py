"""What a training run can be told."""

from __future__ import annotations

from dataclasses import dataclass

from dcmd_ros.network.confidence import SENSITIVITY
from dcmd_ros.network.dcmd import DcmdConfig


@dataclass(frozen=True)
class TrainingOptions:
    """
    steps, fold_steps  of each final student, and of each student that only serves calibration
    outline_steps      of the silhouette, which finds the part by colour
    folds              of the training parts, whose left-out parts calibrate
    trust_parts, trust_steps  parts that the confidence sees with faults, and its steps
    restore_steps      of the compensator, where the network has one
    sensitivity        of the confidence to what a fault does to the features
    batch, rate        frames a step; Adam's first learning rate, which falls as a cosine
    false_alarm_rate   that the thresholds are chosen for
    """

    seed: int = 0
    steps: int = 1000
    fold_steps: int = 400
    outline_steps: int = 150
    folds: int = 3
    trust_parts: int = 40
    trust_steps: int = 300
    restore_steps: int = 400
    sensitivity: float = SENSITIVITY
    batch: int = 8
    rate: float = 2e-3
    network: DcmdConfig = DcmdConfig()
    false_alarm_rate: float = 0.01
    device: str = 'cpu'
