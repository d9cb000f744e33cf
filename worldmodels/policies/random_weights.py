"""The paper's random policies: every episode has a policy of freshly drawn weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS = 4  # along each side of the coarse observation
NOISE_CORRELATION = 0.7  # of one step's noise with the next's


class WeightPrior(NamedTuple):
    """The distribution of the weights; tuples have a number for each number of an action."""

    weight: tuple[float, ...]  # standard deviation of a weight
    bias: tuple[float, ...]  # mean of a bias
    bias_std: tuple[float, ...]
    noise: float  # the largest standard deviation of the action noise


class RandomWeightsPolicy:
    """a = tanh(W x + b + noise), with W, b and the scale of the noise drawn for every row.

    x is the observation, coarsened to 4 x 4 cells, less its mean. A few such policies follow the
    road to the end, so the data cover fast driving, which noise alone never does.

    Args:
        observation_shape: (height, width, channels); height and width are multiples of 4.
        prior: the distribution of weights and noise.
        rng: draws them. Each step draws for all rows of the batch, also for those that have ended,
            so that the noise of an episode does not depend on when another one ended.
    """

    def __init__(
        self, observation_shape: tuple[int, int, int], prior: WeightPrior, rng: np.random.Generator
    ) -> None:
        self._prior = prior
        self._features = CELLS * CELLS * observation_shape[2]
        self._actions = len(prior.weight)
        self._rng = rng

    def reset(self, num_envs: int) -> None:
        """Start that many episodes, each with a policy of its own."""
        rng, prior = self._rng, self._prior
        self._num_envs = num_envs
        self._rows: NDArray[np.intp] = np.arange(num_envs)
        self._weight = rng.standard_normal((num_envs, self._actions, self._features))
        self._weight *= np.array(prior.weight)[:, None]
        self._bias = rng.normal(prior.bias, prior.bias_std, (num_envs, self._actions))
        self._noise_std = rng.uniform(0, prior.noise, (num_envs, 1))
        self._noise = np.zeros((num_envs, self._actions))

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self._rows, self._noise = self._rows[rows], self._noise[rows]

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Actions (N, A) for N observations."""
        e = self._rng.standard_normal((self._num_envs, self._actions))[self._rows]
        # its variance tends to 1, whatever the correlation
        fresh = np.sqrt(1 - NOISE_CORRELATION**2)
        self._noise = NOISE_CORRELATION * self._noise + fresh * e
        x = coarsened(observations)[:, :, None]
        actions: NDArray[np.float64] = (self._weight[self._rows] @ x)[:, :, 0]
        actions += self._bias[self._rows]
        actions += self._noise_std[self._rows] * self._noise
        np.tanh(actions, out=actions)
        return actions


def coarsened(observations: NDArray[Any]) -> NDArray[Any]:
    """Observations (N, H, W, C) as (N, 16 C): the means of 4 x 4 cells, less their own mean."""
    count, height, width, channels = observations.shape
    cells: NDArray[Any] = observations.reshape(
        count, CELLS, height // CELLS, CELLS, width // CELLS, channels
    ).mean(axis=(2, 4))
    cells -= cells.mean(axis=(1, 2), keepdims=True)
    return cells.reshape(count, -1)
