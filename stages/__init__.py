"""The stages of the pipeline: scripts that read files, call `worldmodels` and write files."""

import atexit
import gc

import worldmodels  # noqa: F401  (before NumPy is imported: one BLAS thread)

# What imports made stays until the process ends: it is searched for garbage less often, and not
# once more at the end, when the system takes back all memory. In .venv, tools/quick_exit.pth has
# done the same already, also for DVC, which imports no stages (`dvc status`: 0.34 s of CPU for
# 0.42 s). This is for stages in other environments (`encode`: 0.15 s for 0.18 s).
gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)
