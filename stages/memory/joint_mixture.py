"""One mixture of K Gaussians for all numbers of z together: they are chosen together, so that what
belongs together comes together.

A mixture for each number knows how often each takes another course, and not that they do so at the
same time: what appears at the edge of a view, a corner of the road, is many numbers of z at once.

A Gaussian's own numbers are independent. Two layers give what the mixture is: logits (..., K) of
the shares, and y (..., 2K, Z), K means and K logarithms of what the standard deviations have beyond
their floor.
"""

from __future__ import annotations

import numpy as np

from stages.memory.mixture import HALF_LOG_TWO_PI, softmax
from stages.nn.parameters import Array


def _halves(y: Array) -> tuple[Array, Array]:
    """Means and log deviations (..., K, Z) in y (..., 2K, Z)."""
    size = y.shape[-2] // 2
    return y[..., :size, :], y[..., size:, :]


def joint_mean(logits: Array, y: Array) -> Array:
    """(..., Z)."""
    shares, _ = softmax(logits, axis=-1)
    mean: Array = (shares[..., None] * _halves(y)[0]).sum(axis=-2)
    return mean


def joint_nats(logits: Array, y: Array, x: Array, sigma_floor: float) -> tuple[Array, Array, Array]:
    """-log p(x) of every x (..., Z), and its gradients by logits and y.

    With shares pi, u_k = (x - mean_k) / sigma_k and responsibilities r_k = pi_k N_k / sum pi N, the
    gradient is pi_k - r_k by the logits, -r_k u_k / sigma_k by the means, and r_k (1 - u_k^2) /
    sigma_k by sigma_k.
    """
    means, log_deviations = _halves(y)
    deviations = np.exp(log_deviations)
    sigma = deviations + sigma_floor
    u = x[..., None, :] - means
    u /= sigma
    u_squared = u * u
    distance = 0.5 * u_squared
    distance += np.log(sigma)
    shares, log_total = softmax(logits, axis=-1)
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
    return nats, shares - responsibilities, gradient
