"""Figures of CarRacing."""
