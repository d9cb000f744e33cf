"""Figures of the racing environment."""
