"""Mixtures of K Gaussians, one mixture for each number of z (Bishop 1994, "Mixture density
networks").

A layer gives y (..., 3K, Z): K logits of the shares, K means, and K logarithms of what the standard
deviations have beyond their floor; Z stands last, so that what is done K times runs over long rows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from worldmodels.nn.parameters import Array

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def _thirds(y: Array) -> tuple[Array, Array, Array]:
    """Logits, means and log deviations (..., K, Z) in y (..., 3K, Z)."""
    size = y.shape[-2] // 3
    return y[..., :size, :], y[..., size : 2 * size, :], y[..., 2 * size :, :]


def softmax(logits: Array, axis: int) -> tuple[Array, Array]:
    """Shares that sum to 1 over an axis, and log sum exp of the logits, without it."""
    top = logits.max(axis=axis, keepdims=True)
    weights = np.exp(logits - top)
    total = weights.sum(axis=axis, keepdims=True)
    weights /= total
    return weights, np.squeeze(top + np.log(total), axis=axis)


def sample_component(weights: Array, uniform: Array, axis: int) -> NDArray[np.intp]:
    """Which is chosen of the shares along an axis, which stays with a length of 1, by noise in
    [0, 1) without it.
    """
    heights = weights.cumsum(axis=axis)
    last = weights.shape[axis] - 1
    below = np.expand_dims(uniform, axis) * heights.take([last], axis=axis)
    number = (heights <= below).sum(axis=axis, keepdims=True)
    chosen: NDArray[np.intp] = np.minimum(number, last)
    return chosen


def mixture_mean(y: Array) -> Array:
    """(..., Z)."""
    logits, means, _ = _thirds(y)
    mean: Array = (softmax(logits, axis=-2)[0] * means).sum(axis=-2)
    return mean


def mixture_nll(y: Array, x: Array, min_std: float) -> tuple[Array, Array]:
    """-log p(x) of every number of x (..., Z), and its gradient by y.

    With shares pi, u_k = (x - mean_k) / sigma_k and responsibilities r_k = pi_k N_k / sum pi N, the
    gradient is pi_k - r_k by the logits, -r_k u_k / sigma_k by the means, and r_k (1 - u_k^2) /
    sigma_k by sigma_k.
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
    nats: Array = log_total - log_density + HALF_LOG_TWO_PI

    gradient = np.empty_like(y)
    dlogits, dmeans, dlog_deviations = _thirds(gradient)
    np.subtract(weights, responsibilities, out=dlogits)
    pull = responsibilities
    pull /= sigma
    np.multiply(pull, u, out=dmeans)
    np.negative(dmeans, out=dmeans)
    np.subtract(1, u_squared, out=dlog_deviations)
    dlog_deviations *= pull
    dlog_deviations *= deviations
    return nats, gradient


def mixture_sample(
    y: Array, min_std: float, uniform: Array, normal: Array, temperature: float
) -> Array:
    """A number for each mixture, (..., Z), by noise (..., Z) in [0, 1) that chooses a Gaussian and
    noise from N(0, 1) that stands for the place in it.

    The temperature divides the logits, and the variance of the Gaussian is multiplied with it (Ha &
    Schmidhuber 2018).
    """
    logits, means, log_deviations = _thirds(y)
    chosen = sample_component(softmax(logits / temperature, axis=-2)[0], uniform, axis=-2)
    mean, log_deviation = (
        np.take_along_axis(entry, chosen, axis=-2)[..., 0, :] for entry in (means, log_deviations)
    )
    sigma = np.exp(log_deviation) + min_std
    drawn: Array = mean + math.sqrt(temperature) * sigma * normal
    return drawn


def _halves(y: Array) -> tuple[Array, Array]:
    """Means and log deviations (..., K, Z) in y (..., 2K, Z)."""
    size = y.shape[-2] // 2
    return y[..., :size, :], y[..., size:, :]


def joint_mixture_mean(logits: Array, y: Array) -> Array:
    """(..., Z)."""
    weights, _ = softmax(logits, axis=-1)
    mean: Array = (weights[..., None] * _halves(y)[0]).sum(axis=-2)
    return mean


def joint_nll(logits: Array, y: Array, x: Array, min_std: float) -> tuple[Array, Array, Array]:
    """-log p(x) of every x (..., Z), and its gradients by logits and y.

    With shares pi, u_k = (x - mean_k) / sigma_k and responsibilities r_k = pi_k N_k / sum pi N, the
    gradient is pi_k - r_k by the logits, -r_k u_k / sigma_k by the means, and r_k (1 - u_k^2) /
    sigma_k by sigma_k.
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
    nats: Array = log_total - log_density + x.shape[-1] * HALF_LOG_TWO_PI

    gradient = np.empty_like(y)
    dmeans, dlog_deviations = _halves(gradient)
    pull = np.divide(responsibilities[..., None], sigma, out=sigma)
    np.multiply(pull, u, out=dmeans)
    np.negative(dmeans, out=dmeans)
    np.subtract(1, u_squared, out=dlog_deviations)
    dlog_deviations *= pull
    dlog_deviations *= deviations
    return nats, weights - responsibilities, gradient
