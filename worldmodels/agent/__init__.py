"""V, M and C put together as a policy, and its loading from files."""
