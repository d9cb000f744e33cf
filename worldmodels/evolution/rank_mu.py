"""The reference stub's strategy: weighted recombination and cumulative step-size adaptation.

The stub (github.com/cybertronai/schmidhuber-problems, world-models-carracing) calls it rank-mu. The
field calls it a (mu/mu_w, lambda)-ES with cumulative step-size adaptation (CSA-ES); the rank-mu
update of the covariance is what it leaves out.

Hansen & Ostermeier 2001, section 3; N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016),
with C = I.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from worldmodels.evolution.strategy import Strategy, Vector, best_first, expected_norm


class RankMu(Strategy):
    """A (mu/mu_w, lambda)-ES with isotropic mutations (CSA-ES).

    Example:
        >>> strategy = RankMu(np.ones(3), sigma=0.5, population=8, rng=np.random.default_rng(0))
        >>> for _ in range(60):
        ...     candidates = strategy.ask()
        ...     strategy.tell(-np.square(candidates).sum(axis=1))
        >>> bool(np.square(strategy.mean).sum() < 1e-3)
        True

    Arguments and errors: see `Strategy`.
    """

    SIGMA_LIMITS: ClassVar[tuple[float, float]] = (1e-4, 5.0)  # the reference stub's
    STATE = ("_path",)

    def __init__(
        self, mean: Vector, sigma: float, population: int, rng: np.random.Generator
    ) -> None:
        super().__init__(mean, sigma, population, rng)
        n, mu = self._mean.size, population // 2
        rank = np.arange(1, mu + 1)
        self._weights = np.log(mu + 1) - np.log(rank)
        self._weights /= self._weights.sum()
        self._mu_eff = 1 / np.square(self._weights).sum()
        self._c_sigma = (self._mu_eff + 2) / (n + self._mu_eff + 5)
        self._d_sigma = 1 + 2 * max(0.0, np.sqrt((self._mu_eff - 1) / (n + 1)) - 1) + self._c_sigma
        self._expected_norm = expected_norm(n)
        self._path = np.zeros(n)

    def _sample(self) -> Vector:
        self._mutations = self._rng.standard_normal(self._mutations.shape)
        return self._mean + self._sigma * self._mutations

    def _update(self, fitness: Vector) -> None:
        parents = best_first(fitness)[: len(self._weights)]
        step = self._weights @ self._mutations[parents]  # y = sum w_i z_i
        self._mean = self._mean + self._sigma * step
        c = self._c_sigma
        self._path = (1 - c) * self._path
        self._path += np.sqrt(c * (2 - c) * self._mu_eff) * step
        change = np.linalg.norm(self._path) / self._expected_norm - 1
        sigma = self._sigma * np.exp(c / self._d_sigma * change)
        self._sigma = float(np.clip(sigma, *self.SIGMA_LIMITS))
