"""World models that anyone can rerun: the stages of the pipeline and the rooms they are built from.

Scripts (`collect`, `train_v`, ...) know everything; rooms (`worlds`, `vision`, `memory`, `control`,
`nn`) know NumPy and, at most, `nn`. See README, "The house".
"""

import os

# One BLAS thread: the matrices are small, and the order of a sum (hence every byte we write) must
# not depend on how many cores there are. It has to be said before NumPy is imported for the first
# time.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
