"""Figures of any Gymnasium environment with pictures."""
