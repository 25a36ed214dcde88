"""RGB-D anomaly detection for ROS 2 that keeps inspecting when a sensor drops."""

__version__ = '0.1.0'
