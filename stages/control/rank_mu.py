"""The note's strategy: weighted recombination with cumulative step-size adaptation, without a
covariance matrix.

Hansen & Ostermeier 2001, section 3; N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016),
with C = I.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
SIGMA_LIMITS = (1e-4, 5.0)  # the note's


class RankMu:
    """A (mu/mu_w, lambda) evolution strategy with isotropic mutations; maximises.

    Example:
        >>> strategy = RankMu(np.ones(3), sigma=0.5, population=8, rng=np.random.default_rng(0))
        >>> for _ in range(60):
        ...     candidates = strategy.ask()
        ...     strategy.tell(-np.square(candidates).sum(axis=1))
        >>> bool(np.square(strategy.mean).sum() < 1e-3)
        True

    Args:
        mean: where to begin, (n,).
        sigma: step size to begin with.
        population: lambda, candidates in a generation; at least 2.
        rng: where the mutations come from; part of the state.
        sigma_limits: what the step size is clipped to. The lower one bounds how near it can get.

    Raises:
        ValueError: a population below 2, or a sigma outside its limits.
    """

    def __init__(
        self,
        mean: Vector,
        sigma: float,
        population: int,
        rng: np.random.Generator,
        sigma_limits: tuple[float, float] = SIGMA_LIMITS,
    ) -> None:
        low, high = sigma_limits
        if population < 2:
            raise ValueError(f"population must be at least 2, found {population}")
        if not low <= sigma <= high:
            raise ValueError(f"sigma must be in [{low}, {high}], found {sigma}")
        self._mean = np.array(mean, np.float64)
        self._sigma = float(sigma)
        self._population = population
        self._rng = rng
        self._sigma_limits = sigma_limits
        n, mu = self._mean.size, population // 2
        rank = np.arange(1, mu + 1)
        self._weights = np.log(mu + 1) - np.log(rank)
        self._weights /= self._weights.sum()
        self._mu_eff = 1 / np.square(self._weights).sum()
        self._c = (self._mu_eff + 2) / (n + self._mu_eff + 5)
        self._d = 1 + 2 * max(0.0, np.sqrt((self._mu_eff - 1) / (n + 1)) - 1) + self._c
        self._expected_norm = np.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))  # E|N(0, I)|
        self._path = np.zeros(n)
        self._mutations = np.zeros((population, n))
        self._best = self._mean
        self._best_fitness = -np.inf

    @property
    def mean(self) -> Vector:
        """Centre of the distribution, (n,)."""
        return self._mean

    @property
    def sigma(self) -> float:
        """Step size: the standard deviation of every coordinate."""
        return self._sigma

    @property
    def best(self) -> Vector:
        """The candidate with the highest fitness told so far, (n,)."""
        return self._best

    def ask(self) -> Vector:
        """The candidates of the next generation, (population, n)."""
        self._mutations = self._rng.standard_normal((self._population, self._mean.size))
        return self._mean + self._sigma * self._mutations

    def tell(self, fitness: Vector) -> None:
        """Learn from the fitness (population,) of the candidates asked for last; higher is better.

        Raises:
            ValueError: not one finite number a candidate.
        """
        fitness = np.asarray(fitness, np.float64)
        if fitness.shape != (self._population,) or not np.isfinite(fitness).all():
            raise ValueError(f"fitness must be {self._population} finite numbers, found {fitness}")
        order = np.argsort(-fitness, kind="stable")
        if fitness[order[0]] > self._best_fitness:
            self._best_fitness = float(fitness[order[0]])
            self._best = self._mean + self._sigma * self._mutations[order[0]]
        step = self._weights @ self._mutations[order[: len(self._weights)]]  # y = sum w_i z_i
        self._mean = self._mean + self._sigma * step
        self._path = (1 - self._c) * self._path
        self._path += np.sqrt(self._c * (2 - self._c) * self._mu_eff) * step
        change = np.linalg.norm(self._path) / self._expected_norm - 1
        self._sigma = float(
            np.clip(self._sigma * np.exp(self._c / self._d * change), *self._sigma_limits)
        )

    def state(self) -> dict[str, Any]:
        """All that `from_state` needs to go on bit for bit, between a tell and the next ask."""
        return {
            "mean": self._mean.copy(),
            "sigma": self._sigma,
            "population": self._population,
            "sigma_limits": self._sigma_limits,
            "path": self._path.copy(),
            "best": self._best.copy(),
            "best_fitness": self._best_fitness,
            "rng": self._rng.bit_generator.state,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> RankMu:
        """The strategy that `state` was taken from."""
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        strategy = cls(
            state["mean"], state["sigma"], state["population"], rng, state["sigma_limits"]
        )
        strategy._path = state["path"].copy()
        strategy._best = state["best"].copy()
        strategy._best_fitness = state["best_fitness"]
        return strategy
