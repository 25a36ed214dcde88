"""Procedural RGB-D scenes with defects and a sensor model."""

from dcmd_ros.simulation.belt import Belt
from dcmd_ros.simulation.kinds import KINDS
from dcmd_ros.simulation.simulator import DEFECTS, SimulatedFrame, SimulationError, simulate

__all__ = ['DEFECTS', 'KINDS', 'Belt', 'SimulatedFrame', 'SimulationError', 'simulate']
