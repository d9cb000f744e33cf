"""Random policies that draw an action evenly, and then hold it for several steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class HeldUniformPolicy:
    """a ~ U[-1, 1]^A, held for n ~ U{1, ..., max_hold} steps; ignores observations. The paper's in
    Doom.

    Each step draws for all rows of the batch, also for those that hold or have ended, so that the
    actions of an episode do not depend on when another one ended.

    Args:
        actions: A, the numbers of an action.
        max_hold: steps that an action is held for, at the most.
        rng: draws them.
    """

    def __init__(self, actions: int, max_hold: int, rng: np.random.Generator) -> None:
        self._actions, self._max_hold = actions, max_hold
        self._rng = rng

    def reset(self, num_envs: int) -> None:
        """Start that many episodes."""
        self._num_envs = num_envs
        self._rows: NDArray[np.intp] = np.arange(num_envs)
        self._action = np.zeros((num_envs, self._actions))
        self._steps_left = np.zeros(num_envs, np.int64)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._rows, self._action = self._rows[rows], self._action[rows]
        self._steps_left = self._steps_left[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Actions (N, A) for N rows."""
        actions = self._rng.uniform(-1, 1, size=(self._num_envs, self._actions))[self._rows]
        steps = self._durations()[self._rows]
        over = self._steps_left == 0
        self._action = np.where(over[:, None], actions, self._action)
        self._steps_left = np.where(over, steps, self._steps_left) - 1
        return self._action

    def _durations(self) -> NDArray[np.int64]:
        """Steps (N,) to hold an action for, of all rows that there were at the start."""
        return self._rng.integers(1, self._max_hold + 1, size=self._num_envs)
