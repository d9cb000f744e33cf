"""Figures of dreams: open-loop rollouts of M beside the environment."""
