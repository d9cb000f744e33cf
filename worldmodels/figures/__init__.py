"""Figures, animations and the interactive page."""
