"""Proximal policy optimisation (PPO) of C in M's dreams."""
