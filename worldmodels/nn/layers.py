"""Layers as pairs of functions, forward and backward; a layer's parameters bear its name."""

from __future__ import annotations

import numpy as np

from worldmodels.nn.parameters import Array, Parameters


def dense(x: Array, parameters: Parameters, name: str) -> Array:
    """y = x W + b (..., *O) of x (..., I), with W (I, *O) and b (*O); O may be () or several axes.

    All leading axes are batch axes.
    """
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    y: Array
    if weight.ndim == 2:
        y = x @ weight
        y += bias
        return y
    y = x @ weight.reshape(len(weight), -1)
    y += bias.ravel()
    return y.reshape(*x.shape[:-1], *bias.shape)


def relu(x: Array) -> Array:
    """max(x, 0), in place."""
    rectified: Array = np.maximum(x, 0, out=x)
    return rectified


def dense_gradient(dy: Array, x: Array, gradient: Parameters, name: str) -> None:
    """Fill the layer's gradient, given dL/dy (..., *O)."""
    weight, bias = gradient[f"{name}.weight"], gradient[f"{name}.bias"]
    rows, dy_rows = x.reshape(-1, len(weight)), dy.reshape(-1, bias.size)
    weight[...] = (rows.T @ dy_rows).reshape(weight.shape)
    bias[...] = dy_rows.sum(axis=0).reshape(bias.shape)


def dense_backward(
    dy: Array, x: Array, parameters: Parameters, gradient: Parameters, name: str
) -> Array:
    """dL/dx (..., I), given dL/dy (..., *O); fills the layer's gradient."""
    dense_gradient(dy, x, gradient, name)
    weight = parameters[f"{name}.weight"]
    dx: Array = dy.reshape(*x.shape[:-1], -1) @ weight.reshape(len(weight), -1).T
    return dx


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), computed by tanh, which does not overflow."""
    y: Array = 0.5 * np.tanh(0.5 * x) + 0.5
    return y


def squared_error(predicted: Array, targets: Array) -> tuple[float, Array]:
    """Mean squared error over all entries, and its gradient by the predictions."""
    error = predicted - targets
    return float((error * error).mean()), 2 * error / error.size


def binary_cross_entropy(
    logits: Array, targets: Array, weights: Array | float = 1.0
) -> tuple[float, Array]:
    """Mean of -weights * log Bernoulli(targets; sigmoid(logits)) in nats, and its gradient by the
    logits.
    """
    # log(1 + e^l) - l t, written so that no large exponent is taken
    loss = np.maximum(logits, 0) + np.log(1 + np.exp(-np.abs(logits))) - logits * targets
    return float((weights * loss).mean()), weights * (sigmoid(logits) - targets) / logits.size


def sigmoid_squared_error(
    logits: Array, targets: Array, weights: Array | float = 1.0
) -> tuple[float, Array]:
    """Mean of weights * (sigmoid(logits) - targets)^2, and its gradient by the logits."""
    y = sigmoid(logits)
    error = y - targets
    weighted = weights * error
    return float((weighted * error).mean()), 2 * weighted * y * (1 - y) / logits.size
