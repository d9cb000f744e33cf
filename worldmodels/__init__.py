"""World models in NumPy: V, M and C, their environments, and the pipeline that trains them."""

from worldmodels.pipeline import reproducible_environment  # noqa: F401  (before NumPy is imported)
