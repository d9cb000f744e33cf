"""The interactive page: V, M, C and the environment in one HTML file."""
