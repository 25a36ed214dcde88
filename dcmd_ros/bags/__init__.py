"""Bags: rosbag2 files read, recovered and written, and the node's pairing over one; no ROS."""
