"""Sets the environment variables that make results the same whoever runs a stage, and where.

NumPy, BLAS, HDF5, Pillow and FreeType read them when they are imported, so `worldmodels` imports
this first.
"""

import os

# A person's own settings of these libraries: some change every byte, others stop the import.
LIBRARIES = (
    *("NPY_", "NUMPY_", "OPENBLAS_", "GOTO_", "GOTOBLAS_", "MKL_", "BLIS_", "VECLIB_"),
    *("OMP_", "KMP_", "HDF5_", "PILLOW_", "FREETYPE_"),
)
for _variable in [name for name in os.environ if name.startswith(LIBRARIES)]:
    del os.environ[_variable]

# One BLAS thread: the matrices are small, and the order of a sum (hence every byte we write) must
# not depend on how many cores there are.
for _library in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM"):
    os.environ[f"{_library}_THREADS"] = "1"


def _features() -> set[str]:
    """The features of the processor, as Linux names them; none elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return set(file.read(1 << 13).split())
    except OSError:
        return set()


# The same kernels on every x86-64 machine with AVX2: with AVX-512, OpenBLAS and NumPy round
# otherwise, and OpenBLAS has others for each family of processors.
_found = _features()
if {"avx2", "fma"} <= _found:
    os.environ["OPENBLAS_CORETYPE"] = "Haswell"
if "avx512f" in _found:
    os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V4 AVX512_ICL AVX512_SPR"
