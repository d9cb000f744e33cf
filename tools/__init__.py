"""Tools of the developers: they write and check what is derived, and no stage imports them."""

import worldmodels  # noqa: F401  (before NumPy is imported: one BLAS thread)
