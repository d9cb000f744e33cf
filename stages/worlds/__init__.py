"""Where cars drive: geometry of the track, the car on it, and what it sees."""
