"""Layers as pairs of functions, forward and backward; parameters are found by the layer's name."""

from __future__ import annotations

import numpy as np

from worldmodels.nn.parameters import Array, Parameters


def dense(x: Array, parameters: Parameters, name: str) -> Array:
    """x (..., I) to y (..., *O): y = x W + b, with W (I, *O) and b (*O); O may be no axis."""
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    y: Array = x @ weight.reshape(len(weight), -1)
    y += bias.ravel()
    return y.reshape(*x.shape[:-1], *bias.shape)


def relu(x: Array) -> Array:
    """What is above 0 of x, in its place."""
    rectified: Array = np.maximum(x, 0, out=x)
    return rectified


def dense_gradient(dy: Array, x: Array, gradient: Parameters, name: str) -> None:
    """Fill the layer's gradient, from dL/dy (..., *O). Leading axes are all rows of one batch."""
    weight, bias = gradient[f"{name}.weight"], gradient[f"{name}.bias"]
    rows, dy_rows = x.reshape(-1, len(weight)), dy.reshape(-1, bias.size)
    weight[...] = (rows.T @ dy_rows).reshape(weight.shape)
    bias[...] = dy_rows.sum(axis=0).reshape(bias.shape)


def dense_backward(
    dy: Array, x: Array, parameters: Parameters, gradient: Parameters, name: str
) -> Array:
    """Fill the layer's gradient, and return dL/dx for the layer before it."""
    dense_gradient(dy, x, gradient, name)
    weight = parameters[f"{name}.weight"]
    dx: Array = dy.reshape(*x.shape[:-1], -1) @ weight.reshape(len(weight), -1).T
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


def sigmoid_squared_error(logits: Array, targets: Array) -> tuple[float, Array]:
    """Mean of (sigmoid(logits) - targets)^2, and its gradient by logits."""
    y = sigmoid(logits)
    error = y - targets
    return float((error * error).mean()), 2 * error * y * (1 - y) / logits.size
