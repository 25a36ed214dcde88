"""rosbag2 files in and out, without ROS: topics, messages, what was damaged, a writer."""
