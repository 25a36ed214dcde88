"""From messages to frames, without ROS: what the node and the bags have in common."""
