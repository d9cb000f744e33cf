"""The natural policy gradient of a linear C with autoregressive action noise: a least-squares fit.

A step's action, before the tanh, is W x + b + s n, with the noise n <- k n + sqrt(1 - k^2) e and
e ~ N(0, 1). Given the noise so far, its mean depends on W by d = x - k x', where x' is that of the
step before, so its score is d e / (s sqrt(1 - k^2)), and the gradient of the return is the mean of
that times the advantage. Fisher's matrix is that of d d^T / (s^2 (1 - k^2)); its inverse times the
gradient (Kakade 2001) is s sqrt(1 - k^2) times the W whose W d fits e times the advantage best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.finetune.episode_sums import previous_step

FISHER_RIDGE = 0.02  # of the least squares, for x of variance 1
MAX_ADVANTAGE = 3.0  # in standard deviations


def natural_gradient(
    x: NDArray[np.float64],
    noise: NDArray[np.float64],
    advantages: NDArray[np.float64],
    lengths: NDArray[np.integer],
    noise_correlation: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gradient of W (A, K) and b (A,), for noise and advantages of standard deviation 1.

    Args:
        x: (N, K), before the steps of all episodes, one after the other.
        noise: (N, A), e of each step's noise.
        advantages: (N,), of each step.
        lengths: (E,), steps of each episode.
        noise_correlation: k.
    """
    scaled = advantages - advantages.mean()
    scaled = np.clip(scaled / max(scaled.std(), 1e-12), -MAX_ADVANTAGE, MAX_ADVANTAGE)
    ones = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    fresh = np.sqrt(1 - noise_correlation**2)
    d = (ones - noise_correlation * previous_step(ones, lengths)) / fresh
    fisher = d.T @ d / len(x) + FISHER_RIDGE * np.eye(d.shape[1])
    solution = np.linalg.solve(fisher, d.T @ (scaled[:, None] * noise) / len(x))
    return solution[:-1].T, solution[-1]
