"""Minibatch training of V and M, warm starts, and M's scores."""
