"""The reference stub's random policy: smoothed noise with a bias on the throttle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ACTION_SMOOTHING = 0.7  # weight of the last action
THROTTLE_BIAS = 0.5  # added to the throttle's target


class SmoothedNoisePolicy:
    """a <- 0.7 a + 0.3 target, target ~ U[-1, 1]^2 with 0.5 added to its throttle; ignores
    observations.

    Each step draws for all rows of the batch, also for those that have ended, so that the noise of
    an episode does not depend on when another one ended.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def reset(self, num_envs: int) -> None:
        """Start that many episodes at action 0."""
        self._num_envs = num_envs
        self._rows: NDArray[np.intp] = np.arange(num_envs)
        self._action = np.zeros((num_envs, 2))

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._rows, self._action = self._rows[rows], self._action[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Actions (N, 2) for N rows."""
        target = self._rng.uniform(-1, 1, size=(self._num_envs, 2))[self._rows]
        target[:, 1] = np.clip(target[:, 1] + THROTTLE_BIAS, -1, 1)
        self._action = ACTION_SMOOTHING * self._action + (1 - ACTION_SMOOTHING) * target
        return self._action
