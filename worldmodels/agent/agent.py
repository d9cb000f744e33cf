"""V + M + C put together: what sees, remembers and drives, for a whole batch of cars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.controller import Controllers
from worldmodels.interfaces import Array, Memory, Vision, controller_mismatch


class LatentPolicy:
    """C in a dream, where z and h are what there is to see.

    Args:
        controllers: C, one or many, shared out among the cars as by `Agent`.
    """

    def __init__(self, controllers: Controllers) -> None:
        self._controllers = controllers

    def reset(self, num_envs: int) -> None:
        """Begin episodes of `num_envs` cars.

        Raises:
            ValueError: the cars cannot be shared out evenly among the controllers.
        """
        self._drivers = shared_out(self._controllers, num_envs)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""
        self._drivers = self._drivers.rows(rows)

    def act(self, observations: Array) -> Array:
        """Actions (N, A) for z and h (N, Z + H) of N cars; C for z alone sees no more."""
        return self._drivers.act(observations[:, : self._drivers.features])


def shared_out(controllers: Controllers, num_envs: int) -> Controllers:
    """One controller a car: the first drives the first so many cars, and so on.

    Raises:
        ValueError: the cars cannot be shared out evenly among the controllers.
    """
    episodes, rest = divmod(num_envs, len(controllers))
    if rest:
        raise ValueError(
            f"{num_envs} cars cannot be shared out among {len(controllers)} controllers"
        )
    return controllers.rows(np.repeat(np.arange(len(controllers)), episodes))


class Agent:
    """A policy for `rollout`: z = V(o); a = C(z, h); h <- M(z, a, h).

    C sees h from *before* this step's action; one that has features for z alone sees z alone, and
    M is not run.

    Args:
        vision: V.
        memory: M.
        controllers: C, one or many; row i of a batch of N cars is driven by number
            i // (N / len(controllers)).

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
        self._remembers = controllers.features > vision.z_size

    def reset(self, num_envs: int) -> None:
        """Begin episodes of `num_envs` cars with an empty memory.

        Raises:
            ValueError: the cars cannot be shared out evenly among the controllers.
        """
        self._drivers = shared_out(self._controllers, num_envs)
        self._h = np.zeros((num_envs, self._memory.hidden_size), np.float32)
        self._c = np.zeros_like(self._h)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""
        self._drivers = self._drivers.rows(rows)
        self._h, self._c = self._h[rows], self._c[rows]

    def act(self, observations: Array) -> Array:
        """Actions (N, A) for what N cars see."""
        z = self._vision.encode(observations)
        if not self._remembers:
            return self._drivers.act(z)
        actions = self._drivers.act(np.concatenate([z, self._h], axis=1))
        self._h, self._c = self._memory.step(z, actions, self._h, self._c)
        return actions
