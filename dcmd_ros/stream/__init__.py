"""Which messages make a frame, and how each sensor fares: pure Python."""
