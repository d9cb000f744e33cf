"""Figures that the README quotes, each printed by a command; no test hangs on them."""

import worldmodels  # noqa: F401  (before NumPy, so that benchmarks too run on one BLAS thread)
