"""Procedural RGB-D scenes with defects and a sensor model."""
