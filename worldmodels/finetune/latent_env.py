"""An environment observed through V and M: observations are z and h, as in a dream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.interfaces import Array, Memory, PolicyState, Vision
from worldmodels.rollout.loop import Info, VectorEnv


class LatentEnv:
    """A wrapper (compare Gymnasium's ObservationWrapper) whose observations are [z; h].

    Observation space: (num_envs, Z), or (num_envs, Z + H) if there is an M: h is that before the
        next action; with `observe_c` (num_envs, Z + 2H): z, c and h.

    Args:
        env: what is wrapped.
        vision: V.
        memory: M; None to observe z alone.
        observe_c: whether M's c is observed, too.
    """

    def __init__(
        self, env: VectorEnv, vision: Vision, memory: Memory | None, observe_c: bool = False
    ) -> None:
        self.num_envs = env.num_envs
        self.max_steps = env.max_steps
        self._env = env
        self._vision = vision
        self._memory = memory
        self._observe_c = observe_c

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, Info]:
        """Start an episode in every row, with h and c of zeros."""
        observations, info = self._env.reset(seed=seed, options=options)
        self._z = self._vision.encode(observations)
        hidden = self._memory.hidden_size if self._memory else 0
        h = np.zeros((self.num_envs, hidden), np.float32)
        self._state = PolicyState(h, np.zeros_like(h), self._observe_c)
        return self._state.features(self._z), info

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._env.keep(rows)
        self._state.keep(rows)
        self._z = self._z[rows]

    def step(
        self, actions: ArrayLike
    ) -> tuple[Array, NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """One step of the environment, of V and of M."""
        if self._memory:
            action = np.asarray(actions, np.float32)
            state = self._memory.step(self._z, action, self._state.h, self._state.c)
            self._state.update(*state)
        observations, rewards, terminated, truncated, info = self._env.step(actions)
        self._z = self._vision.encode(observations)
        return self._state.features(self._z), rewards, terminated, truncated, info
