"""Gymnasium's CarRacing-v3 for many cars at once."""
