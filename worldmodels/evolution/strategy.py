"""The base class of evolution strategies: ask, tell, and a state to stop and resume with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Strategy(ABC):
    """An evolution strategy that maximises the fitness, one generation after another.

    A subclass samples in `_sample`, updates its distribution in `_update`, and lists in `STATE`
    the attributes that change besides those of this class.

    Args:
        mean: initial mean of the distribution, (n,).
        sigma: initial step size.
        population: lambda, the number of candidates in a generation; at least 2.
        rng: draws the mutations, as `np.random.default_rng` makes it; part of the state.

    Raises:
        ValueError: the population is below 2, or sigma is not positive.
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
        self._awaits_fitness = False

    @property
    def mean(self) -> Vector:
        """Mean of the distribution, (n,)."""
        return self._mean

    @property
    def sigma(self) -> float:
        """Step size."""
        return self._sigma

    def ask(self) -> Vector:
        """The candidates of the next generation, (population, n)."""
        self._awaits_fitness = True
        return self._sample()

    def tell(self, fitness: Vector) -> None:
        """Update the distribution, given the fitness (population,) of the last `ask`'s candidates.

        A higher fitness is better.

        Raises:
            ValueError: the fitness is not one finite number per candidate, or `ask` was not called.
        """
        if not self._awaits_fitness:
            raise ValueError("tell was called before ask")
        fitness = np.asarray(fitness, np.float64)
        if fitness.shape != (self._population,) or not np.isfinite(fitness).all():
            raise ValueError(f"fitness must be {self._population} finite numbers, found {fitness}")
        self._awaits_fitness = False
        if fitness.max() > fitness.min():  # a flat fitness has no meaningful order
            self._update(fitness)

    @abstractmethod
    def _sample(self) -> Vector:
        """Draw `_mutations`, and return the candidates (population, n)."""

    @abstractmethod
    def _update(self, fitness: Vector) -> None:
        """Update the distribution, given the candidates' fitness (population,)."""

    def state(self) -> dict[str, Any]:
        """The state after a `tell`, with which `from_state` continues bit for bit."""
        return {
            "mean": self._mean.copy(),
            "sigma": self._sigma,
            "population": self._population,
            "rng": self._rng.bit_generator.state,
            **{name: np.copy(getattr(self, name)) for name in self.STATE},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The strategy whose `state` this is."""
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        strategy = cls(state["mean"], state["sigma"], state["population"], rng)
        for name in cls.STATE:
            setattr(strategy, name, np.copy(state[name])[()])
        return strategy


def best_first(fitness: Vector) -> NDArray[np.intp]:
    """(population,): the candidates' numbers, from the best to the worst.

    Equal ones stay in the order in which they were drawn: a fair draw, if their mutations are
    independent.
    """
    return np.argsort(-fitness, kind="stable")


def expected_norm(n: int) -> float:
    """E|N(0, I)| in n dimensions, approximately (Hansen & Ostermeier 2001)."""
    return float(np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2)))
