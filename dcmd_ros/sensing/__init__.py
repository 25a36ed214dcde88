"""From message bytes to arrays and geometry: NumPy and OpenCV only."""
