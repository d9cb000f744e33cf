"""Temporally extended random actions (Dabney, Ostrovski & Barreto 2021), whose durations have a
heavy tail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.policies.held_uniform import HeldUniformPolicy

MIN_EXPONENT, MAX_EXPONENT = 1.0, 3.0  # of durations; Dabney et al. have 2
MAX_HOLD = 36  # steps; without a limit most of the time would pass in the longest


class EZGreedyPolicy(HeldUniformPolicy):
    """ez-greedy at epsilon 1: a ~ U[-1, 1]^A, held for n <= MAX_HOLD steps, P(n) ~ n^-k; ignores
    observations.

    Each episode draws its k, evenly: with a large one actions change in almost every step, with a
    small one a long one often follows another, as when somebody goes to and fro.

    Args:
        actions: A, the numbers of an action.
        rng: draws them.
    """

    def __init__(self, actions: int, rng: np.random.Generator) -> None:
        super().__init__(actions, MAX_HOLD, rng)

    def reset(self, num_envs: int) -> None:
        """Start that many episodes."""
        super().reset(num_envs)
        exponent = self._rng.uniform(MIN_EXPONENT, MAX_EXPONENT, (num_envs, 1))
        weights = np.arange(1, self._max_hold + 1) ** -exponent
        self._cumulative = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)

    def _durations(self) -> NDArray[np.int64]:
        below = self._cumulative[:, :-1] < self._rng.random((self._num_envs, 1))
        steps: NDArray[np.int64] = below.sum(axis=1) + 1
        return steps
