"""Rows of pictures that may be too many for memory: an array's, a file's, or some of either."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]
BLOCK_BYTES = 1 << 18  # neighbouring rows that are read together


class LazyArray(Protocol):
    """What tables and models ask of an array (N, ...) of pixels."""

    @property
    def shape(self) -> tuple[int, ...]:
        """N first."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> NDArray[np.uint8]:
        """The rows of a number, a slice, or an array of numbers."""


def block_length(row_bytes: int) -> int:
    """How many rows make a block."""
    return max(1, BLOCK_BYTES // row_bytes)


class FrameSubset:
    """Some of a column's rows, by numbers of their own.

    Args:
        column: pictures (N, height, width, channels).
        rows: the numbers, in the column, of those that are meant.
    """

    def __init__(self, column: LazyArray, rows: Numbers) -> None:
        self._column = column
        self._rows = rows
        self.shape = column.shape[1:]  # of one

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, numbers: slice | Numbers) -> NDArray[np.uint8]:
        return self._column[self._rows[numbers]]

    @property
    def nbytes(self) -> int:
        """Of all of them."""
        return len(self) * math.prod(self.shape)
