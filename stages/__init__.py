"""The stages of the pipeline: scripts that read files, call `worldmodels` and write files."""

import atexit
import gc

import worldmodels  # noqa: F401  (before NumPy is imported: one BLAS thread)

# What imports make stays until the process ends: it is searched for garbage less often, and not
# once more at the end, when the system takes back all memory.
gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)
