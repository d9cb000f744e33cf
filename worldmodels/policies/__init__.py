"""Policies that learn nothing: they collect data and serve as a baseline."""
