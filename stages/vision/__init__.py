"""V: what the car sees, compressed to a small z."""
