"""Data sets, distillation, calibration."""
