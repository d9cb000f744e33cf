"""Measurements that the documentation quotes; each module is a command that prints a table."""

import worldmodels  # noqa: F401  (before NumPy is imported: one BLAS thread)
