"""Layers as pairs of functions, forward and backward; parameters are found by the layer's name."""

from __future__ import annotations

import numpy as np

from stages.nn.parameters import Array, Parameters


def dense(x: Array, parameters: Parameters, name: str) -> Array:
    """x (..., I) to y (..., O): y = x W + b."""
    y: Array = x @ parameters[f"{name}.weight"]
    y += parameters[f"{name}.bias"]
    return y


def dense_gradient(dy: Array, x: Array, gradient: Parameters, name: str) -> None:
    """Fill the layer's gradient, from dL/dy (..., O). Leading axes are all rows of one batch."""
    rows, dy_rows = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
    gradient[f"{name}.weight"][...] = rows.T @ dy_rows
    gradient[f"{name}.bias"][...] = dy_rows.sum(axis=0)


def dense_backward(
    dy: Array, x: Array, parameters: Parameters, gradient: Parameters, name: str
) -> Array:
    """Fill the layer's gradient, and return dL/dx for the layer before it."""
    dense_gradient(dy, x, gradient, name)
    dx: Array = dy @ parameters[f"{name}.weight"].T
    return dx


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), by way of tanh: never overflows."""
    y: Array = 0.5 * np.tanh(0.5 * x) + 0.5
    return y


def binary_cross_entropy(logits: Array, targets: Array) -> tuple[float, Array]:
    """Mean nats an entry, -log Bernoulli(targets; sigmoid(logits)), and its gradient by logits."""
    # log(1 + e^l) - l t, written so that no large exponent is ever taken
    loss = np.maximum(logits, 0) + np.log(1 + np.exp(-np.abs(logits))) - logits * targets
    return float(loss.mean()), (sigmoid(logits) - targets) / logits.size


def squared_error(logits: Array, targets: Array) -> tuple[float, Array]:
    """Mean of (sigmoid(logits) - targets)^2, and its gradient by logits."""
    y = sigmoid(logits)
    error = y - targets
    return float((error * error).mean()), 2 * error * y * (1 - y) / logits.size
