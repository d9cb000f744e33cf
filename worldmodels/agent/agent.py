"""Policies of V, M and C for a whole batch of episodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.controller import Controllers
from worldmodels.interfaces import (
    Array,
    Memory,
    PolicyState,
    Vision,
    controller_mismatch,
    takes_c,
)


def assign_controllers(controllers: Controllers, num_envs: int) -> Controllers:
    """One controller per row of a batch; row i has number i // (num_envs / len(controllers)).

    Raises:
        ValueError: `num_envs` is not a multiple of the number of controllers.
    """
    episodes, rest = divmod(num_envs, len(controllers))
    if rest:
        raise ValueError(
            f"{num_envs} rows cannot be divided evenly among {len(controllers)} controllers"
        )
    return controllers.rows(np.repeat(np.arange(len(controllers)), episodes))


class LatentPolicy:
    """C as the policy of a dream, whose observations are [z; h], or [z; c; h] for a C that takes c.

    Args:
        controllers: one or several, see `assign_controllers`.
    """

    def __init__(self, controllers: Controllers) -> None:
        self._controllers = controllers

    def reset(self, num_envs: int) -> None:
        """Start `num_envs` episodes.

        Raises:
            ValueError: see `assign_controllers`.
        """
        self._by_row = assign_controllers(self._controllers, num_envs)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._by_row = self._by_row.rows(rows)

    def act(self, observations: Array) -> Array:
        """Actions (N, A), given observations (N, F); a C without h takes z alone."""
        return self._by_row.act(observations[:, : self._by_row.features])


class Agent:
    """A policy for `rollout`: z = V(o); a = C(z, h); h, c <- M(z, a, h, c).

    C takes the h from before this step's action, and perhaps the c. M does not run if C takes z
    alone.

    Args:
        vision: V.
        memory: M.
        controllers: C, one or several, see `assign_controllers`.

    Raises:
        ValueError: C does not fit V and M.
    """

    def __init__(self, vision: Vision, memory: Memory, controllers: Controllers) -> None:
        problem = controller_mismatch(vision, memory, controllers.features, controllers.actions)
        if problem:
            raise ValueError(problem)
        self._vision = vision
        self._memory = memory
        self._controllers = controllers
        self._uses_h = controllers.features > vision.z_size

    def reset(self, num_envs: int) -> None:
        """Start `num_envs` episodes, with h = c = 0.

        Raises:
            ValueError: see `assign_controllers`.
        """
        self._by_row = assign_controllers(self._controllers, num_envs)
        h = np.zeros((num_envs, self._memory.hidden_size), np.float32)
        with_c = takes_c(self._controllers.features, self._memory)
        self._state = PolicyState(h, np.zeros_like(h), with_c)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._by_row = self._by_row.rows(rows)
        self._state.keep(rows)

    def act(self, observations: Array) -> Array:
        """Actions (N, A), given observations (N, ...)."""
        z = self._vision.encode(observations)
        if not self._uses_h:
            return self._by_row.act(z)
        actions = self._by_row.act(self._state.features(z))
        self._state.update(*self._memory.step(z, actions, self._state.h, self._state.c))
        return actions
