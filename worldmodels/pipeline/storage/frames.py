"""Arrays of frames that may be larger than the memory, and subsets of their rows."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer[Any]]
BLOCK_BYTES = 1 << 18  # of consecutive rows that are read together


class LazyArray(Protocol):
    """An array (N, ...) of pixels, in memory or in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> NDArray[np.uint8]:
        """The rows of an index, a slice or an array of indices."""


def block_length(row_bytes: int) -> int:
    """The number of rows in a block."""
    return max(1, BLOCK_BYTES // row_bytes)


class FrameSubset:
    """A subset of an array's frames, with indices of its own (as PyTorch's Subset).

    Args:
        frames: (N, height, width, channels).
        rows: the indices of the subset in the array.
    """

    def __init__(self, frames: LazyArray, rows: Numbers) -> None:
        self._frames = frames
        self._rows = rows
        self.shape = frames.shape[1:]  # of one frame

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, numbers: slice | Numbers) -> NDArray[np.uint8]:
        return self._frames[self._rows[numbers]]

    @property
    def nbytes(self) -> int:
        """Bytes of all frames."""
        return len(self) * math.prod(self.shape)
