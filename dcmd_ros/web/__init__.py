"""A live page for a browser: what is shown, and the server; knows nothing of ROS."""
