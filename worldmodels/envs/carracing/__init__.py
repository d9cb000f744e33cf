"""Gymnasium's CarRacing-v3 as a vector environment."""
