"""Convolution and its transpose as pairs of functions, forward and backward, like those in layers.

Pictures are (N, H, W, channels), windows are K x K pixels at every `stride` pixels, and nothing is
padded. A window laid out as a row of K * K * C numbers turns the sum over it into a matrix product.
The transposed convolution is the adjoint of a convolution: where one gathers windows, the other
adds them back; so one weight (K, K, C, O) leads from C channels to O, and by the transpose from O
to C. Three products, `_gather`, `_scatter` and `_outer`, are all that either needs in either
direction.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from worldmodels.nn.parameters import Array, Parameters

STRIDE = 2
ROOM = 1 << 19  # numbers in the windows that are laid out at a time: they should stay in cache


def convolution(x: Array, parameters: Parameters, name: str, stride: int = STRIDE) -> Array:
    """x (N, H, W, C) to y (N, h, w, O), h = (H - K) // stride + 1; weight (K, K, C, O)."""
    y = _gather(x, parameters[f"{name}.weight"], stride)
    y += parameters[f"{name}.bias"]
    return y


def convolution_gradient(
    dy: Array, x: Array, gradient: Parameters, name: str, stride: int = STRIDE
) -> None:
    """Fill the layer's gradient, from dL/dy (N, h, w, O)."""
    _outer(x, dy, gradient[f"{name}.weight"], stride)
    gradient[f"{name}.bias"][...] = _sum_of_pixels(dy)


def convolution_backward(
    dy: Array,
    x: Array,
    parameters: Parameters,
    gradient: Parameters,
    name: str,
    stride: int = STRIDE,
) -> Array:
    """Fill the layer's gradient, and return dL/dx for the layer before it."""
    convolution_gradient(dy, x, gradient, name, stride)
    return _scatter(dy, parameters[f"{name}.weight"], stride, np.zeros_like(x))


def transposed_convolution(
    x: Array, parameters: Parameters, name: str, stride: int = STRIDE
) -> Array:
    """x (N, h, w, I) to y (N, H, W, O), H = (h - 1) * stride + K; weight (K, K, O, I)."""
    weight = parameters[f"{name}.weight"]
    kernel, _, outputs, _ = weight.shape
    count, height, width, _ = x.shape
    size = ((height - 1) * stride + kernel, (width - 1) * stride + kernel)
    y = np.empty((count, *size, outputs), x.dtype)
    y[...] = parameters[f"{name}.bias"]
    return _scatter(x, weight, stride, y)


def transposed_convolution_backward(
    dy: Array,
    x: Array,
    parameters: Parameters,
    gradient: Parameters,
    name: str,
    stride: int = STRIDE,
) -> Array:
    """Fill the layer's gradient, from dL/dy (N, H, W, O), and return dL/dx."""
    _outer(dy, x, gradient[f"{name}.weight"], stride)
    gradient[f"{name}.bias"][...] = _sum_of_pixels(dy)
    return _gather(dy, parameters[f"{name}.weight"], stride)


def _gather(x: Array, weight: Array, stride: int) -> Array:
    """The product of every window of x (N, H, W, C) and weight (K, K, C, O): (N, h, w, O)."""
    windows = _windows(x, len(weight), stride)
    matrix = weight.reshape(-1, weight.shape[-1])  # (K K C, O)
    y = np.empty((*windows.shape[:3], weight.shape[-1]), x.dtype)
    for some in _parts(windows):
        np.matmul(_rows(windows[some]), matrix, out=y[some].reshape(-1, y.shape[-1]))
    return y


def _scatter(y: Array, weight: Array, stride: int, x: Array) -> Array:
    """Add y (N, h, w, O) times weight (K, K, C, O) to every window of x (N, H, W, C); return x."""
    kernel = len(weight)
    windows = _windows(x, kernel, stride)
    matrix = weight.reshape(-1, weight.shape[-1]).T  # (O, K K C)
    for some in _parts(windows):
        target = windows[some]
        added = (y[some].reshape(-1, y.shape[-1]) @ matrix).reshape(target.shape)
        for row in range(kernel):
            # Windows overlap, but not in `stride` neighbouring pixels of each.
            for column in range(0, kernel, stride):
                pixels = np.s_[:, :, :, row, column : column + stride]
                target[pixels] += added[pixels]
    return x


def _outer(x: Array, y: Array, total: Array, stride: int) -> None:
    """Set total (K, K, C, O) to the sum of every window of x (N, H, W, C) times y (N, h, w, O)."""
    windows = _windows(x, len(total), stride)
    matrix = total.reshape(-1, total.shape[-1])  # (K K C, O)
    matrix[...] = 0
    for some in _parts(windows):
        matrix += _rows(windows[some]).T @ y[some].reshape(-1, y.shape[-1])


def _windows(x: Array, kernel: int, stride: int) -> Array:
    """A view of x (N, H, W, C) that may be written to: (N, h, w, K, K, C)."""
    windows = sliding_window_view(x, (kernel, kernel), axis=(1, 2), writeable=True)
    view: Array = np.moveaxis(windows[:, ::stride, ::stride], 3, 5)
    return view


def _rows(windows: Array) -> Array:
    """A copy of windows (N, h, w, K, K, C) that a matrix product can use: (N h w, K K C)."""
    count, height, width, *window = windows.shape
    return windows.reshape(count * height * width, np.prod(window))


def _parts(windows: Array) -> Iterator[slice]:
    """Slices of the N pictures, each with windows of about ROOM numbers."""
    count = max(1, ROOM // windows[0].size)
    return (slice(start, start + count) for start in range(0, len(windows), count))


def _sum_of_pixels(pictures: Array) -> Array:
    """(N, H, W, C) to (C,)."""
    total: Array = pictures.reshape(-1, pictures.shape[-1]).sum(axis=0)
    return total
