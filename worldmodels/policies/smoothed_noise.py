"""The note's random policy: smoothed noise with a foot on the throttle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.7  # share of the last action that is kept
PUSH = 0.5  # added to the throttle's target


class RandomPolicy:
    """a <- 0.7 a + 0.3 target, target ~ U[-1, 1]^2 with its throttle raised by 0.5; sees nothing.

    Each step draws for all cars of the batch, driving or not, so that one car's noise does not hang
    on when another one's drive ended.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def reset(self, num_cars: int) -> None:
        """Begin an episode with `num_cars` cars, all at action 0."""
        self._num_cars = num_cars
        self._rows: NDArray[np.intp] = np.arange(num_cars)
        self._action = np.zeros((num_cars, 2))

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""
        self._rows, self._action = self._rows[rows], self._action[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Actions (N, 2) for the N cars still driving."""
        target = self._rng.uniform(-1, 1, size=(self._num_cars, 2))[self._rows]
        target[:, 1] = np.clip(target[:, 1] + PUSH, -1, 1)
        self._action = SMOOTHING * self._action + (1 - SMOOTHING) * target
        return self._action
