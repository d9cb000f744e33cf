"""Arguments of V, M and C: one row, or a batch of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.pretrained.adapters import Array


def batch(name: str, value: ArrayLike, size: int) -> tuple[NDArray[np.float32], bool]:
    """A vector or a batch of vectors as a batch (N, size), and whether there was but one.

    Raises:
        ValueError: they are of another size, or not finite.
    """
    array = np.asarray(value, np.float32)
    if array.shape[-1:] != (size,) or array.ndim > 2 or not array.size:
        raise ValueError(f"{name} should have {size} numbers a row; found {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} should be finite numbers; found NaN or infinity")
    return (array[None], True) if array.ndim == 1 else (array, False)


def check_equal_rows(**batches: Array) -> None:
    """Raise an error if batches have different numbers of rows.

    Raises:
        ValueError: they have.
    """
    if len({len(each) for each in batches.values()}) > 1:
        *names, last = batches
        counts = ", ".join(str(len(each)) for each in batches.values())
        raise ValueError(f"{', '.join(names)} and {last} should be equally many; found {counts}")


def unbatch(array: Array, single: bool) -> Array:
    """The only row, if there was but one; the whole batch otherwise."""
    return array[0] if single else array
