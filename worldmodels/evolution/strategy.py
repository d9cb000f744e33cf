"""What all strategies share: ask, tell, the best so far, and a state to stop and go on with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Strategy(ABC):
    """An evolution strategy that maximises, one generation after another.

    A subclass draws in `_sample`, learns in `_learn`, and names in `STATE` what of it changes.

    Args:
        mean: where to begin, (n,).
        sigma: step size to begin with.
        population: lambda, candidates in a generation; at least 2.
        rng: where the mutations come from, as `np.random.default_rng` makes it; part of the state.

    Raises:
        ValueError: a population below 2, or a sigma that is not positive.
    """

    STATE: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, mean: Vector, sigma: float, population: int, rng: np.random.Generator
    ) -> None:
        if population < 2:
            raise ValueError(f"population must be at least 2, found {population}")
        if not (np.isfinite(sigma) and sigma > 0):
            raise ValueError(f"sigma must be a positive number, found {sigma}")
        self._mean = np.array(mean, np.float64)
        self._sigma = float(sigma)
        self._population = population
        self._rng = rng
        self._mutations = np.zeros((population, self._mean.size))  # of the last generation
        self._candidates: Vector | None = None  # that no fitness has been told of yet
        self._best = self._mean
        self._best_fitness = -np.inf

    @property
    def mean(self) -> Vector:
        """Centre of the distribution, (n,)."""
        return self._mean

    @property
    def sigma(self) -> float:
        """Step size."""
        return self._sigma

    @property
    def best(self) -> Vector:
        """The candidate with the highest fitness told so far, (n,)."""
        return self._best

    def ask(self) -> Vector:
        """The candidates of the next generation, (population, n)."""
        candidates = self._sample()
        self._candidates = candidates.copy()
        return candidates

    def tell(self, fitness: Vector) -> None:
        """Learn from the fitness (population,) of the candidates asked for last; higher is better.

        Raises:
            ValueError: not one finite number a candidate, or nothing has been asked for.
        """
        if self._candidates is None:
            raise ValueError("fitness was told before candidates were asked for")
        fitness = np.asarray(fitness, np.float64)
        if fitness.shape != (self._population,) or not np.isfinite(fitness).all():
            raise ValueError(f"fitness must be {self._population} finite numbers, found {fitness}")
        order = np.argsort(-fitness, kind="stable")
        if fitness[order[0]] > self._best_fitness:
            self._best_fitness = float(fitness[order[0]])
            self._best = self._candidates[order[0]].copy()
        self._candidates = None
        if fitness[order[0]] > fitness[order[-1]]:  # else their order is chance: nothing to learn
            self._learn(order)

    @abstractmethod
    def _sample(self) -> Vector:
        """Draw `_mutations`; the candidates that they stand for."""

    @abstractmethod
    def _learn(self, order: NDArray[np.intp]) -> None:
        """Move, given the candidates' numbers from best to worst."""

    def state(self) -> dict[str, Any]:
        """All that `from_state` needs to go on bit for bit, between a tell and the next ask."""
        changing = {name: getattr(self, name) for name in self.STATE}
        return {
            "mean": self._mean.copy(),
            "sigma": self._sigma,
            "population": self._population,
            "best": self._best.copy(),
            "best_fitness": self._best_fitness,
            "rng": self._rng.bit_generator.state,
            **{name: np.copy(value) for name, value in changing.items()},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The strategy that `state` was taken from."""
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        strategy = cls(state["mean"], state["sigma"], state["population"], rng)
        strategy._best = state["best"].copy()
        strategy._best_fitness = state["best_fitness"]
        for name in cls.STATE:
            setattr(strategy, name, np.copy(state[name])[()])
        return strategy


def expected_norm(n: int) -> float:
    """E|N(0, I)| in n dimensions, approximately."""
    return float(np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2)))
