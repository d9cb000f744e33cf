"""Reward shaping of imagined rollouts, for the search for C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.dream.env import DreamEnv, Info, Step

STEER = 0  # the number of the action
PACE_WINDOW = 20  # steps before the horizon, whose mean reward stands for what comes after it


class ShapedDream:
    """`DreamEnv` with a terminal value at its horizon and a cost of steering.

    The terminal value of an episode that reaches the horizon is `terminal_value_steps` times the
    mean reward of its last steps. The cost keeps C from steering from lock to lock, which an M that
    was trained on such episodes does not discourage.

    Where no ends are drawn, rewards and costs count by the probability that the dream has not ended
    before them. A return is then the mean over all ends, given the other noise.

    Args:
        env: the dream.
        terminal_value_steps: how many further steps the last rewards stand for.
        steering_cost: of a step at full lock; it grows with the square of the action.
    """

    def __init__(self, env: DreamEnv, terminal_value_steps: float, steering_cost: float) -> None:
        self.num_envs = env.num_envs
        self.max_steps = env.max_steps
        self._env = env
        self._steering_cost = steering_cost
        self._window_start = max(0, env.max_steps - PACE_WINDOW)
        self._window_weight = 1 + terminal_value_steps / min(PACE_WINDOW, env.max_steps)

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """See `DreamEnv`."""
        results = self._env.reset(seed=seed, options=options)
        self._step = 0
        self._done = np.zeros(self.num_envs, np.bool_)
        self._survival = np.ones(self.num_envs)
        return results

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows, until the next reset."""
        self._done, self._survival = self._done[rows], self._survival[rows]
        self._env.keep(rows)

    def step(self, actions: ArrayLike) -> Step:
        """See `DreamEnv`; rewards of finished rows stay 0."""
        observations, rewards, terminated, truncated, info = self._env.step(actions)
        steer: NDArray[Any] = np.asarray(actions, np.float32)[:, STEER]
        rewards -= self._steering_cost * np.square(steer)
        if self._step >= self._window_start:
            rewards *= self._window_weight
        rewards *= self._survival
        if "p_done" in info:
            self._survival = self._survival * (1 - info["p_done"])
        rewards[self._done] = 0.0
        self._step += 1
        self._done = terminated | truncated
        return observations, rewards, terminated, truncated, info
