"""A world as an agent's V and M perceive it: what there is to see are z and h, as in a dream."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.interfaces import Array, Memory, Vision
from worldmodels.rollout.loop import Info, World


class Perceived:
    """A world for `rollout`, whose observations are z (cars, Z), and h of before the next action
    behind it, (cars, Z + H), if there is an M.

    Args:
        world: what happens.
        vision: V, which sees it.
        memory: M, which remembers; without one z is all.
    """

    def __init__(self, world: World, vision: Vision, memory: Memory | None) -> None:
        self.num_cars = world.num_cars
        self.max_steps = world.max_steps
        self._world = world
        self._vision = vision
        self._memory = memory

    def reset(self, *, seed: int | None = None) -> tuple[Array, Info]:
        """Begin an episode with all cars, and an empty memory."""
        pictures, info = self._world.reset(seed=seed)
        self._z = self._vision.encode(pictures)
        hidden = self._memory.hidden_size if self._memory else 0
        self._h = np.zeros((self.num_cars, hidden), np.float32)
        self._c = np.zeros_like(self._h)
        return self._seen(), info

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""
        self._world.keep(rows)
        self._z, self._h, self._c = self._z[rows], self._h[rows], self._c[rows]

    def step(
        self, actions: ArrayLike
    ) -> tuple[Array, NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """Drive one step on, and remember it."""
        if self._memory:
            done = np.asarray(actions, np.float32)
            self._h, self._c = self._memory.step(self._z, done, self._h, self._c)
        pictures, *what_came, info = self._world.step(actions)
        self._z = self._vision.encode(pictures)
        rewards, terminated, truncated = what_came
        return self._seen(), rewards, terminated, truncated, info

    def _seen(self) -> Array:
        return np.concatenate([self._z, self._h], axis=1)
