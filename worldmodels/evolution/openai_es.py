"""OpenAI-ES: mirrored mutations, fitness by rank, and Adam on the gradient that they estimate.

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

LEARNING_RATE = 0.1  # Adam's, in units of sigma: about how far a coordinate moves in a generation


class OpenAIES(Strategy):
    """A natural-gradient strategy whose step size stays as it is.

    Example:
        >>> strategy = OpenAIES(np.ones(3), sigma=0.1, population=8, rng=np.random.default_rng(0))
        >>> for _ in range(200):
        ...     candidates = strategy.ask()
        ...     strategy.tell(-np.square(candidates).sum(axis=1))
        >>> bool(np.square(strategy.mean).sum() < 1e-2)
        True

    Arguments: see `Strategy`.

    Raises:
        ValueError: as for `Strategy`, and for an odd population: mutations come in pairs.
    """

    def __init__(
        self, mean: Vector, sigma: float, population: int, rng: np.random.Generator
    ) -> None:
        super().__init__(mean, sigma, population, rng)
        if population % 2:
            raise ValueError(f"population must be even for mirrored mutations, found {population}")
        self._parameters = Parameters({"mean": self._mean}, np.float64)
        self._adam = Adam(self._parameters, LEARNING_RATE * self._sigma)
        rank = np.linspace(0.5, -0.5, population)  # from best to worst
        self._shaped = rank / (population * self._sigma)

    def _sample(self) -> Vector:
        half = self._rng.standard_normal((self._population // 2, self._mean.size))
        self._mutations = np.concatenate([half, -half])
        return self._mean + self._sigma * self._mutations

    def _learn(self, order: NDArray[np.intp]) -> None:
        uphill = self._shaped @ self._mutations[order]
        self._adam.step(Parameters({"mean": -uphill}, np.float64))
        self._mean = self._parameters["mean"].astype(np.float64)

    def state(self) -> dict[str, Any]:
        """As for `Strategy`, and Adam's moments."""
        return {**super().state(), "adam": self._adam.state()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The strategy that `state` was taken from."""
        strategy = super().from_state(state)
        strategy._adam.restore(state["adam"])
        return strategy
