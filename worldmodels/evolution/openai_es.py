"""OpenAI-ES: mirrored mutations, rank-shaped fitness, and Adam on the estimated gradient.

T. Salimans et al., "Evolution Strategies as a Scalable Alternative to Reinforcement Learning"
(2017).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from worldmodels.evolution.strategy import Strategy, Vector, best_first
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

    def _sample(self) -> Vector:
        half = self._rng.standard_normal((self._population // 2, self._mean.size))
        self._mutations = np.concatenate([half, -half])
        return self._mean + self._sigma * self._mutations

    def _update(self, fitness: Vector) -> None:
        order = best_first(fitness)
        shaped_fitness = centered_ranks(fitness)[order] / (self._population * self._sigma)
        gradient = shaped_fitness @ self._mutations[order]
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


def centered_ranks(fitness: Vector) -> Vector:
    """(population,): ranks from -0.5, the worst, to 0.5; equal ones share their average.

    Otherwise a mutation would be better than its mirror image for being drawn first, and the mean
    would walk at random wherever the fitness is flat.
    """
    _, group, count = np.unique(-fitness, return_inverse=True, return_counts=True)
    ranks = np.linspace(0.5, -0.5, fitness.size)  # from best to worst
    average: Vector = np.add.reduceat(ranks, np.cumsum(count) - count) / count
    return average[group]
