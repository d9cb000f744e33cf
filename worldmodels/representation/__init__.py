"""What z keeps of the state of the environment, and how many of its numbers are in use."""
