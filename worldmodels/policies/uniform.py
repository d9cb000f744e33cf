"""Gymnasium's random policy: actions drawn evenly and anew in every step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class UniformPolicy:
    """a ~ U[-1, 1]^A; ignores observations.

    Each step draws for all rows of the batch, also for those that have ended, so that the actions
    of an episode do not depend on when another one ended.

    Args:
        actions: A, the numbers of an action.
        rng: draws them.
    """

    def __init__(self, actions: int, rng: np.random.Generator) -> None:
        self._actions = actions
        self._rng = rng

    def reset(self, num_envs: int) -> None:
        """Start that many episodes."""
        self._num_envs = num_envs
        self._rows: NDArray[np.intp] = np.arange(num_envs)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._rows = self._rows[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Actions (N, A) for N rows."""
        return self._rng.uniform(-1, 1, size=(self._num_envs, self._actions))[self._rows]
