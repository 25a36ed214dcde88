"""Metrics, degradation conditions, reports."""
