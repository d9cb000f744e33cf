"""Mixtures of K Gaussians (Bishop 1994, "Mixture density networks").

`mixture_*` have one mixture for each dimension of z. A layer gives y (..., 3K, Z): K logits of the
mixture weights, K means, and K logarithms of the standard deviations less `min_std`. `joint_*` have
one mixture for the whole of z: logits (..., K), and y (..., 2K, Z) without the logits. Z is the
last axis, so that operations over the K components run over long rows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldmodels.nn.parameters import Array

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def _thirds(y: Array) -> tuple[Array, Array, Array]:
    """Views of the logits, means and log deviations (..., K, Z) in y (..., 3K, Z)."""
    size = y.shape[-2] // 3
    return y[..., :size, :], y[..., size : 2 * size, :], y[..., 2 * size :, :]


def _halves(y: Array) -> tuple[Array, Array]:
    """Views of the means and log deviations (..., K, Z) in y (..., 2K, Z)."""
    size = y.shape[-2] // 2
    return y[..., :size, :], y[..., size:, :]


def softmax(logits: Array, axis: int) -> tuple[Array, Array]:
    """Softmax of the logits over an axis, and their log-sum-exp, which lacks that axis."""
    top = logits.max(axis=axis, keepdims=True)
    weights = np.exp(logits - top)
    total = weights.sum(axis=axis, keepdims=True)
    weights /= total
    return weights, np.squeeze(top + np.log(total), axis=axis)


def sample_component(weights: Array, uniform: Array, axis: int) -> NDArray[np.intp]:
    """The index of a component drawn with probability proportional to its weight.

    Args:
        weights: not negative; components along `axis`, which has length 1 in the result.
        uniform: noise in [0, 1), of the shape of `weights` without that axis.
        axis: of the components.
    """
    cumulative = weights.cumsum(axis=axis)
    last = weights.shape[axis] - 1
    threshold = np.expand_dims(uniform, axis) * cumulative.take([last], axis=axis)
    count = (cumulative <= threshold).sum(axis=axis, keepdims=True)
    component: NDArray[np.intp] = np.minimum(count, last)
    return component


def gaussian_nll(mean: Array, log_std: Array, x: Array, min_std: float) -> tuple[Array, ...]:
    """-log N(x; mean, (exp(log_std) + min_std)^2), in nats, and its gradients by the mean and by
    log_std; all of one shape.
    """
    deviation = np.exp(log_std)
    sigma = deviation + min_std
    u = (x - mean) / sigma
    nll = HALF_LOG_TWO_PI + np.log(sigma) + 0.5 * u * u
    return nll, -u / sigma, (1 - u * u) * deviation / sigma


def mixture_mean(y: Array) -> Array:
    """The means (..., Z) of the mixtures y (..., 3K, Z)."""
    logits, means, _ = _thirds(y)
    mean: Array = (softmax(logits, axis=-2)[0] * means).sum(axis=-2)
    return mean


def mixture_nll(y: Array, x: Array, min_std: float) -> tuple[Array, Array]:
    """-log p(x) of every number of x (..., Z), in nats, and its gradient by y (..., 3K, Z).

    With mixture weights pi, u_k = (x - mean_k) / sigma_k and responsibilities r_k = pi_k N_k /
    sum pi N, the gradient is pi_k - r_k by the logits, -r_k u_k / sigma_k by the means, and
    r_k (1 - u_k^2) / sigma_k by sigma_k.
    """
    logits, means, log_deviations = _thirds(y)
    deviations = np.exp(log_deviations)
    sigma = deviations + min_std
    u = x[..., None, :] - means
    u /= sigma
    u_squared = u * u
    joint = logits - np.log(sigma)
    joint -= 0.5 * u_squared
    weights, log_total = softmax(logits, axis=-2)
    responsibilities, log_density = softmax(joint, axis=-2)
    nll: Array = log_total - log_density + HALF_LOG_TWO_PI

    gradient = np.empty_like(y)
    dlogits, dmeans, dlog_deviations = _thirds(gradient)
    np.subtract(weights, responsibilities, out=dlogits)
    r_by_sigma = np.divide(responsibilities, sigma, out=responsibilities)
    _gaussian_gradients(dmeans, dlog_deviations, r_by_sigma, u, u_squared, deviations)
    return nll, gradient


def _gaussian_gradients(
    dmeans: Array,
    dlog_deviations: Array,
    r_by_sigma: Array,
    u: Array,
    u_squared: Array,
    deviations: Array,
) -> None:
    """Fill the gradients by the means and log deviations; all (..., K, Z)."""
    np.multiply(r_by_sigma, u, out=dmeans)
    np.negative(dmeans, out=dmeans)
    np.subtract(1, u_squared, out=dlog_deviations)
    dlog_deviations *= r_by_sigma
    dlog_deviations *= deviations


def mixture_sample(
    y: Array, min_std: float, uniform: Array, normal: Array, temperature: float
) -> Array:
    """A sample of every mixture (..., Z).

    The temperature divides the logits and multiplies the variance (Ha & Schmidhuber 2018).

    Args:
        y: (..., 3K, Z).
        min_std: added to every standard deviation.
        uniform: noise (..., Z) in [0, 1), which selects the components.
        normal: noise (..., Z) ~ N(0, 1).
        temperature: above 0.
    """
    logits, means, log_deviations = _thirds(y)
    component = sample_component(softmax(logits / temperature, axis=-2)[0], uniform, axis=-2)
    mean, log_deviation = (
        np.take_along_axis(entry, component, axis=-2)[..., 0, :]
        for entry in (means, log_deviations)
    )
    sigma = np.exp(log_deviation) + min_std
    sample: Array = mean + math.sqrt(temperature) * sigma * normal
    return sample


def joint_mixture_mean(logits: Array, y: Array) -> Array:
    """The mean (..., Z) of the mixture of logits (..., K) and y (..., 2K, Z)."""
    weights, _ = softmax(logits, axis=-1)
    mean: Array = (weights[..., None] * _halves(y)[0]).sum(axis=-2)
    return mean


def joint_nll(logits: Array, y: Array, x: Array, min_std: float) -> tuple[Array, Array, Array]:
    """-log p(x) of every vector x (..., Z), in nats, and its gradients by logits and y.

    The gradients are those of `mixture_nll`, with one responsibility for all of x.
    """
    means, log_deviations = _halves(y)
    deviations = np.exp(log_deviations)
    sigma = deviations + min_std
    u = x[..., None, :] - means
    u /= sigma
    u_squared = u * u
    distance = 0.5 * u_squared
    distance += np.log(sigma)
    weights, log_total = softmax(logits, axis=-1)
    responsibilities, log_density = softmax(logits - distance.sum(axis=-1), axis=-1)
    nll: Array = log_total - log_density + x.shape[-1] * HALF_LOG_TWO_PI

    gradient = np.empty_like(y)
    dmeans, dlog_deviations = _halves(gradient)
    r_by_sigma = np.divide(responsibilities[..., None], sigma, out=sigma)
    _gaussian_gradients(dmeans, dlog_deviations, r_by_sigma, u, u_squared, deviations)
    return nll, weights - responsibilities, gradient
