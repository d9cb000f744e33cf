"""How many numbers of z are in use."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

THRESHOLD = 0.01  # of the variance, the authors'


def active_units(mean: ArrayLike) -> int:
    """How many numbers of z say something about the observation, given means (N, Z) of N of them.

    A number counts if the variance of its posterior mean over observations is above THRESHOLD
    (Y. Burda, R. Grosse and R. Salakhutdinov, "Importance weighted autoencoders", 2016, section
    5.1). Where the KL divergence has closed a number, its mean is 0 for all of them.
    """
    variance = np.asarray(mean, np.float64).var(axis=0)
    return int((variance > THRESHOLD).sum())
