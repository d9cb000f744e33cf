"""Strided convolution and its transpose, as pairs of functions like those in layers.

Images are (N, H, W, channels), windows are K x K pixels with stride 2, and there is no padding. A
window is flattened to a row of K * K * C numbers, so that the sum over it becomes a matrix product
(im2col). The transposed convolution is the adjoint of the convolution: the one gathers windows, the
other adds them back. One weight (K, K, C, O) therefore maps C channels to O, or O to C in the
transpose. The three products `_gather`, `_scatter` and `_outer` are all that either needs, forward
and backward.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from worldmodels.nn.parameters import Array, Parameters

STRIDE = 2
CHUNK = 1 << 19  # numbers in the windows that are processed together, so that they stay in cache


def convolution(x: Array, parameters: Parameters, name: str) -> Array:
    """x (N, H, W, C) to y (N, h, w, O), h = (H - K) // STRIDE + 1; weight (K, K, C, O)."""
    y = _gather(x, parameters[f"{name}.weight"])
    y += parameters[f"{name}.bias"]
    return y


def convolution_gradient(dy: Array, x: Array, gradient: Parameters, name: str) -> None:
    """Fill the layer's gradient, given dL/dy (N, h, w, O)."""
    _outer(x, dy, gradient[f"{name}.weight"])
    gradient[f"{name}.bias"][...] = _sum_over_pixels(dy)


def convolution_backward(
    dy: Array, x: Array, parameters: Parameters, gradient: Parameters, name: str
) -> Array:
    """dL/dx (N, H, W, C), given dL/dy (N, h, w, O); fills the layer's gradient."""
    convolution_gradient(dy, x, gradient, name)
    return _scatter(dy, parameters[f"{name}.weight"], np.zeros_like(x))


def transposed_convolution(x: Array, parameters: Parameters, name: str) -> Array:
    """x (N, h, w, I) to y (N, H, W, O), H = (h - 1) * STRIDE + K; weight (K, K, O, I)."""
    weight = parameters[f"{name}.weight"]
    kernel, _, outputs, _ = weight.shape
    count, height, width, _ = x.shape
    size = ((height - 1) * STRIDE + kernel, (width - 1) * STRIDE + kernel)
    y = np.empty((count, *size, outputs), x.dtype)
    y[...] = parameters[f"{name}.bias"]
    return _scatter(x, weight, y)


def transposed_convolution_backward(
    dy: Array, x: Array, parameters: Parameters, gradient: Parameters, name: str
) -> Array:
    """dL/dx (N, h, w, I), given dL/dy (N, H, W, O); fills the layer's gradient."""
    _outer(dy, x, gradient[f"{name}.weight"])
    gradient[f"{name}.bias"][...] = _sum_over_pixels(dy)
    return _gather(dy, parameters[f"{name}.weight"])


def _gather(x: Array, weight: Array) -> Array:
    """The product of every window of x (N, H, W, C) and weight (K, K, C, O): (N, h, w, O)."""
    windows = _windows(x, len(weight))
    matrix = weight.reshape(-1, weight.shape[-1])  # (K K C, O)
    y = np.empty((*windows.shape[:3], weight.shape[-1]), x.dtype)
    for chunk in _chunks(windows):
        np.matmul(_rows(windows[chunk]), matrix, out=y[chunk].reshape(-1, y.shape[-1]))
    return y


def _scatter(y: Array, weight: Array, x: Array) -> Array:
    """x (N, H, W, C), after y (N, h, w, O) times weight (K, K, C, O) was added to its windows."""
    kernel = len(weight)
    windows = _windows(x, kernel)
    matrix = weight.reshape(-1, weight.shape[-1]).T  # (O, K K C)
    for chunk in _chunks(windows):
        target = windows[chunk]
        addend = (y[chunk].reshape(-1, y.shape[-1]) @ matrix).reshape(target.shape)
        for row in range(kernel):
            # Windows overlap, but STRIDE neighbouring columns of all windows do not.
            for column in range(0, kernel, STRIDE):
                pixels = np.s_[:, :, :, row, column : column + STRIDE]
                target[pixels] += addend[pixels]
    return x


def _outer(x: Array, y: Array, total: Array) -> None:
    """Set total (K, K, C, O) to the sum of every window of x (N, H, W, C) times y (N, h, w, O)."""
    windows = _windows(x, len(total))
    matrix = total.reshape(-1, total.shape[-1])  # (K K C, O)
    matrix[...] = 0
    for chunk in _chunks(windows):
        matrix += _rows(windows[chunk]).T @ y[chunk].reshape(-1, y.shape[-1])


def _windows(x: Array, kernel: int) -> Array:
    """A writable view of the windows of x (N, H, W, C): (N, h, w, K, K, C)."""
    windows = sliding_window_view(x, (kernel, kernel), axis=(1, 2), writeable=True)
    view: Array = np.moveaxis(windows[:, ::STRIDE, ::STRIDE], 3, 5)
    return view


def _rows(windows: Array) -> Array:
    """A copy of windows (N, h, w, K, K, C) that a matrix product can use: (N h w, K K C)."""
    count, height, width, *window = windows.shape
    return windows.reshape(count * height * width, np.prod(window))


def _chunks(windows: Array) -> Iterator[slice]:
    """Slices of the N images whose windows have about CHUNK numbers each."""
    count = max(1, CHUNK // windows[0].size)
    return (slice(start, start + count) for start in range(0, len(windows), count))


def _sum_over_pixels(images: Array) -> Array:
    """(N, H, W, C) to (C,)."""
    total: Array = images.reshape(-1, images.shape[-1]).sum(axis=0)
    return total
