"""M as an environment, and the states in which imagined rollouts start."""
