"""The paper's way to collect: every episode is driven by a policy of freshly drawn weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS = 4  # along each side of the coarsened picture
SMOOTHING = 0.7  # share of the last step's noise that is kept


class Temper(NamedTuple):
    """What policies are drawn from; steer first, then throttle."""

    weight: tuple[float, float]  # standard deviation of a weight
    bias: tuple[float, float]  # mean of the biases: a foot on the throttle
    bias_spread: tuple[float, float]  # their standard deviations
    noise: float  # the strongest, as a standard deviation


class RandomWeightsPolicy:
    """a = tanh(W x + b + noise), with W, b and the strength of the noise drawn for every car.

    x is what is seen, coarsened to 4 x 4 cells, less its mean: plain ground says nothing. A few
    such policies follow the road to the end, so that the data cover fast driving, which noise alone
    never does.

    Args:
        observation_shape: (height, width, channels) of the pictures.
        temper: what weights and noise are drawn from.
        rng: where they come from. Each step draws for all cars of the batch, driving
            or not, so that one car's noise does not hang on when another one's drive ended.
    """

    def __init__(
        self, observation_shape: tuple[int, int, int], temper: Temper, rng: np.random.Generator
    ) -> None:
        self._temper = temper
        self._features = CELLS * CELLS * observation_shape[2]
        self._rng = rng

    def reset(self, num_cars: int) -> None:
        """Begin an episode with `num_cars` cars, each with a policy of its own."""
        rng, temper = self._rng, self._temper
        self._num_cars = num_cars
        self._rows: NDArray[np.intp] = np.arange(num_cars)
        self._weight = rng.standard_normal((num_cars, 2, self._features))
        self._weight *= np.array(temper.weight)[:, None]
        self._bias = rng.normal(temper.bias, temper.bias_spread, (num_cars, 2))
        self._strength = rng.uniform(0, temper.noise, (num_cars, 1))
        self._noise = np.zeros((num_cars, 2))

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""
        self._rows, self._noise = self._rows[rows], self._noise[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Actions (N, 2) for what N cars see."""
        drawn = self._rng.standard_normal((self._num_cars, 2))[self._rows]
        # of variance 1 in the long run, whatever the smoothing
        self._noise = SMOOTHING * self._noise + np.sqrt(1 - SMOOTHING**2) * drawn
        x = coarsened(observations)[:, :, None]
        actions: NDArray[np.float64] = (self._weight[self._rows] @ x)[:, :, 0]
        actions += self._bias[self._rows]
        actions += self._strength[self._rows] * self._noise
        np.tanh(actions, out=actions)
        return actions


def coarsened(observations: NDArray[Any]) -> NDArray[Any]:
    """Pictures (N, H, W, C) as (N, 16 C): the means of 4 x 4 cells, less their own mean."""
    count, height, width, channels = observations.shape
    cells: NDArray[Any] = observations.reshape(
        count, CELLS, height // CELLS, CELLS, width // CELLS, channels
    ).mean(axis=(2, 4))
    cells -= cells.mean(axis=(1, 2), keepdims=True)
    return cells.reshape(count, -1)
