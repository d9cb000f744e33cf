"""Figures of README and docs/: readable on a light and on a dark ground."""
