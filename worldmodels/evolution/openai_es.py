"""OpenAI-ES: mirrored mutations, rank-shaped fitness, and Adam on the estimated gradient.

T. Salimans et al., "Evolution Strategies as a Scalable Alternative to Reinforcement Learning"
(2017).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from worldmodels.evolution.strategy import Strategy, Vector
from worldmodels.nn.adam import Adam
from worldmodels.nn.parameters import Parameters

LEARNING_RATE = 0.1  # Adam's, in sigma; about the largest step of a coordinate in a generation


class OpenAIES(Strategy):
    """An evolution strategy that estimates a gradient, with a constant sigma.

    Example:
        >>> strategy = OpenAIES(np.ones(3), sigma=0.1, population=8, rng=np.random.default_rng(0))
        >>> for _ in range(200):
        ...     candidates = strategy.ask()
        ...     strategy.tell(-np.square(candidates).sum(axis=1))
        >>> bool(np.square(strategy.mean).sum() < 1e-2)
        True

    Arguments: see `Strategy`.

    Raises:
        ValueError: see `Strategy`; also if the population is odd, because mutations come in pairs.
    """

    def __init__(
        self, mean: Vector, sigma: float, population: int, rng: np.random.Generator
    ) -> None:
        super().__init__(mean, sigma, population, rng)
        if population % 2:
            raise ValueError(f"population must be even for mirrored mutations, found {population}")
        self._parameters = Parameters({"mean": self._mean}, np.float64)
        self._adam = Adam(self._parameters, LEARNING_RATE * self._sigma)
        ranks = np.linspace(0.5, -0.5, population)  # from best to worst
        self._shaped_fitness = ranks / (population * self._sigma)

    def _sample(self) -> Vector:
        half = self._rng.standard_normal((self._population // 2, self._mean.size))
        self._mutations = np.concatenate([half, -half])
        return self._mean + self._sigma * self._mutations

    def _update(self, order: NDArray[np.intp]) -> None:
        gradient = self._shaped_fitness @ self._mutations[order]
        self._adam.step(Parameters({"mean": -gradient}, np.float64))
        self._mean = self._parameters["mean"].astype(np.float64)

    def state(self) -> dict[str, Any]:
        """See `Strategy.state`; Adam's moments are part of it."""
        return {**super().state(), "adam": self._adam.state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The strategy whose `state` this is."""
        strategy = super().from_state(state)
        strategy._adam.restore(state["adam"])
        return strategy
