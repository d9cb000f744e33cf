"""The stages of the pipeline: scripts that read files, call `worldmodels` and write files."""

import worldmodels  # noqa: F401  (before NumPy is imported: one BLAS thread)
