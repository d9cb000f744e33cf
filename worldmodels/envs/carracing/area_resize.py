"""Image resizing by area: each pixel of the result is the mean of the area that it covers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class AreaResize:
    """Resizes batches of RGB frames of one shape, by two matrix products.

    It computes what OpenCV calls INTER_AREA.

    Example:
        >>> resize = AreaResize((84, 96), (28, 32))
        >>> resize(np.full((2, 84, 96, 3), 102, np.uint8))[1, 0, 0]
        array([0.4, 0.4, 0.4], dtype=float32)

    Args:
        shape: height and width of the frames.
        view: height and width of the result.

    Raises:
        ValueError: the result would be empty, or larger than the frames.
    """

    def __init__(self, shape: tuple[int, int], view: tuple[int, int]) -> None:
        if not (1 <= view[0] <= shape[0] and 1 <= view[1] <= shape[1]):
            raise ValueError(
                f"a view has from 1 x 1 to {shape[0]} x {shape[1]} pixels, "
                f"not {view[0]} x {view[1]}"
            )
        self.shape = (*view, 3)
        # Where a number of pixels is a number of cells, the weights begin anew. So few are not 0.
        (rows, cells_down), (columns, cells_across) = (
            (pixels // math.gcd(pixels, cells), cells // math.gcd(pixels, cells))
            for pixels, cells in zip(shape, view, strict=True)
        )
        self._down = _overlap_weights(rows, cells_down)  # (h, H) of a period
        # Colours are the innermost axis, so a row of pixels is one vector: (3 W, 3 w) of a period
        across = _overlap_weights(columns, cells_across).T
        self._across = np.kron(across, np.eye(3, dtype=np.float32))

    def __call__(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Frames (N, H, W, 3) as (N, h, w, 3) in [0, 1], rounded to multiples of 1 / 255."""
        width = frames.shape[2]
        rows = frames.reshape(-1, self._down.shape[1], 3 * width).astype(np.float32)
        means = (self._down @ rows).reshape(-1, len(self._across)) @ self._across
        views: NDArray[np.float32] = np.rint(means, out=means)
        views /= np.float32(255)
        return views.reshape(-1, *self.shape)


def _overlap_weights(pixels: int, cells: int) -> NDArray[np.float32]:
    """(cells, pixels): the weight of each pixel in the mean of each cell; rows sum to 1."""
    edges = np.arange(cells + 1) * (pixels / cells)
    begins, ends = edges[:-1, None], edges[1:, None]
    pixel = np.arange(pixels)
    overlap = np.minimum(ends, pixel + 1) - np.maximum(begins, pixel)
    weights: NDArray[np.float32] = np.maximum(overlap, 0).astype(np.float32)
    return weights * np.float32(cells / pixels)
