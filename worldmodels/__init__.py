"""World models in NumPy: V, M and C, their environments, and the pipeline that trains them."""

import os

# One BLAS thread: the matrices are small, and the order of a sum (hence every byte we write) must
# not depend on how many cores there are. It has to be said before NumPy is imported for the first
# time.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
