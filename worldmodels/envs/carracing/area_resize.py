"""Pictures made smaller: every pixel becomes the mean of the area that it covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class AreaResize:
    """Averages pictures of one shape, by two matrix products for a whole batch.

    Example:
        >>> smaller = AreaMean((84, 96), (28, 32))
        >>> smaller(np.full((2, 84, 96, 3), 102, np.uint8))[1, 0, 0]
        array([0.4, 0.4, 0.4], dtype=float32)

    Args:
        shape: rows and columns of what is averaged; a pixel has three colours.
        view: rows and columns of what comes of it.

    Raises:
        ValueError: the view is empty, or larger than the picture.
    """

    def __init__(self, shape: tuple[int, int], view: tuple[int, int]) -> None:
        if not (1 <= view[0] <= shape[0] and 1 <= view[1] <= shape[1]):
            raise ValueError(
                f"a view has from 1 x 1 to {shape[0]} x {shape[1]} pixels, "
                f"not {view[0]} x {view[1]}"
            )
        self.shape = (*view, 3)
        self._rows = _shares(shape[0], view[0])  # (h, H)
        # Colours lie innermost, so a row of pixels is one vector: (3 W, 3 w)
        self._columns = np.kron(_shares(shape[1], view[1]).T, np.eye(3, dtype=np.float32))

    def __call__(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Of pictures (N, H, W, 3) the views (N, h, w, 3), rounded to k / 255."""
        count, rows = pictures.shape[:2]
        lines = pictures.reshape(count, rows, -1).astype(np.float32)  # (N, H, 3 W)
        means = (self._rows @ lines) @ self._columns  # (N, h, 3 w)
        views = np.rint(means) / np.float32(255)
        return views.reshape(count, *self.shape).astype(np.float32, copy=False)


def _shares(pixels: int, cells: int) -> NDArray[np.float32]:
    """(cells, pixels): the share that each pixel has in each cell; every row sums to 1."""
    edges = np.arange(cells + 1) * (pixels / cells)
    begins, ends = edges[:-1, None], edges[1:, None]
    pixel = np.arange(pixels)
    overlap = np.minimum(ends, pixel + 1) - np.maximum(begins, pixel)
    shares: NDArray[np.float32] = np.maximum(overlap, 0).astype(np.float32)
    return shares * np.float32(cells / pixels)
