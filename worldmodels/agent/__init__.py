"""V, M and C combined into a policy, and their loading from files."""
