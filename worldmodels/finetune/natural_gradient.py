"""The natural policy gradient of a linear C that is shaken: a least-squares fit.

A step's action, before the tanh, is W x + b + s n, with the noise n <- k n + sqrt(1 - k^2) e and
e ~ N(0, 1). Given the noise so far, its mean hangs on W by d = x - k x', where x' is that of the
step before, so that its score is d e / (s sqrt(1 - k^2)), and the gradient of the return the mean
of that times the advantage. Fisher's matrix is that of d d^T / (s^2 (1 - k^2)); its inverse times
the gradient (Kakade 2001) is s sqrt(1 - k^2) times the W whose W d fits e times the advantage best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.finetune.episode_sums import lagged

RIDGE = 0.02  # of the least squares, for x of variance 1
LARGEST = 3.0  # of an advantage, in standard deviations


def natural_gradient(
    x: NDArray[np.float64],
    drawn: NDArray[np.float64],
    advantages: NDArray[np.float64],
    lengths: NDArray[np.integer],
    smoothing: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The gradient of W (A, K) and b (A,), for noise of strength 1 and advantages of standard
    deviation 1.

    Args:
        x: (N, K), before the steps of all episodes, one behind the other.
        drawn: (N, A), e of each step's noise.
        advantages: (N,), of each step.
        lengths: (E,), steps of each episode.
        smoothing: k.
    """
    better = advantages - advantages.mean()
    better = np.clip(better / max(better.std(), 1e-12), -LARGEST, LARGEST)
    ones = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    fresh = np.sqrt(1 - smoothing**2)
    moved = (ones - smoothing * lagged(ones, lengths)) / fresh
    squares = moved.T @ moved / len(x) + RIDGE * np.eye(moved.shape[1])
    fitted = np.linalg.solve(squares, moved.T @ (better[:, None] * drawn) / len(x))
    return fitted[:-1].T, fitted[-1]
