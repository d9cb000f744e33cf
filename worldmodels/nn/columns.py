"""Windows over a row of columns: what a convolution along one axis is made of."""

from __future__ import annotations

import numpy as np

from worldmodels.nn.parameters import Array


def windows(x: Array, kernel: int, out: Array | None = None) -> Array:
    """Each column beside its neighbours, (N, P, K * C) of x (N, P, C); beyond the edges are zeros.

    A dense layer on it is a convolution along the columns with a kernel of K, which is odd.

    Args:
        x: P columns of C numbers.
        kernel: columns of a window, K; its middle is the column itself.
        out: (N, P, K * C), where the windows are to be written; None for a new array.
    """
    count, columns, channels = x.shape
    if out is None:
        out = np.empty((count, columns, kernel * channels), x.dtype)
    for number, (to, taken) in enumerate(_pairs(columns, kernel)):
        part = out[:, :, number * channels : (number + 1) * channels]
        part[:, : to.start] = 0
        part[:, to.stop :] = 0
        part[:, to] = x[:, taken]
    return out


def windows_backward(dwindows: Array, kernel: int) -> Array:
    """dL/dx (N, P, C), given dL/dwindows (N, P, K * C): the sum over the windows of a column."""
    count, columns, size = dwindows.shape
    channels = size // kernel
    dx = np.zeros((count, columns, channels), dwindows.dtype)
    for number, (to, taken) in enumerate(_pairs(columns, kernel)):
        dx[:, taken] += dwindows[:, to, number * channels : (number + 1) * channels]
    return dx


def _pairs(columns: int, kernel: int) -> list[tuple[slice, slice]]:
    """Of each place in a window: the columns whose windows have it, and which columns those are."""
    pairs = []
    for offset in range(-(kernel // 2), kernel // 2 + 1):
        shift = min(abs(offset), columns)
        first, last = slice(0, columns - shift), slice(shift, columns)
        pairs.append((last, first) if offset < 0 else (first, last))
    return pairs
