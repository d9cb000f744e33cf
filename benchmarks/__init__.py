"""Figures that the README quotes, each printed by a command; no test hangs on them."""
