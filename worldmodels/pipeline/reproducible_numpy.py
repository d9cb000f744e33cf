"""Sets the environment variables that make NumPy's results the same on every machine.

They are read when NumPy is imported for the first time, so `worldmodels` imports this first.
"""

import os

# One BLAS thread: the matrices are small, and the order of a sum (hence every byte we write) must
# not depend on how many cores there are.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"


def _has_avx512() -> bool:
    """Whether this is Linux on a processor with AVX-512."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return "avx512f" in file.read(1 << 13)
    except OSError:
        return False


# The same kernels on every x86-64 machine: with AVX-512, OpenBLAS and NumPy round otherwise, so
# the same params would give other numbers than with AVX2.
if _has_avx512():
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
