"""Noise on C's parameters and actions, for collecting data."""
