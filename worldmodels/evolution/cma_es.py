"""CMA-ES with a full covariance matrix, and its separable form with a diagonal one.

N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016, arXiv:1604.00772); the equation numbers
in comments are from there. The separable form: R. Ros, N. Hansen, "A Simple Modification in CMA-ES
Achieving Linear Time and Space Complexity" (2008). Read `CMAES._update` first.
"""

from __future__ import annotations

import numpy as np

from worldmodels.evolution.strategy import Strategy, Vector, best_first, expected_norm

MAX_STD = 1e12  # along any axis; with a larger one the search has diverged


class CMAES(Strategy):
    """The (mu/mu_w, lambda)-CMA-ES with active (negative) weights.

    The covariance is decomposed only every few generations, once it has changed enough to matter.
    A population is sampled by one matrix product. A search that diverges, because the fitness has
    no upper bound, stays where its standard deviation exceeds 1e12, so that float32 can represent
    its candidates; pycma ends it (`tolfacupx`).

    Example:
        >>> strategy = CMAES(np.ones(3), sigma=0.5, population=8, rng=np.random.default_rng(0))
        >>> for _ in range(60):
        ...     candidates = strategy.ask()
        ...     strategy.tell(-np.square(candidates).sum(axis=1))
        >>> bool(np.square(strategy.mean).sum() < 1e-9)
        True

    Arguments and errors: see `Strategy`.
    """

    STATE = (
        *("_path_sigma", "_path_c", "_covariance", "_basis", "_scale"),
        *("_generation", "_generations_since_decomposition"),
    )

    def __init__(
        self, mean: Vector, sigma: float, population: int, rng: np.random.Generator
    ) -> None:
        super().__init__(mean, sigma, population, rng)
        n = self._mean.size
        raw = np.log((population + 1) / 2) - np.log(np.arange(1, population + 1))  # (49)
        positive, negative = np.maximum(raw, 0), np.minimum(raw, 0)
        mu_eff = positive.sum() ** 2 / np.square(positive).sum()
        mu_eff_negative = negative.sum() ** 2 / np.square(negative).sum()

        self._c_sigma = (mu_eff + 2) / (n + mu_eff + 5)  # (55)
        self._d_sigma = 1 + 2 * max(0.0, np.sqrt((mu_eff - 1) / (n + 1)) - 1) + self._c_sigma
        self._c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)  # (56)
        self._c_1, self._c_mu = self._learning_rates(mu_eff)

        bounds = (
            1 + self._c_1 / self._c_mu,  # (50)
            1 + 2 * mu_eff_negative / (mu_eff + 2),  # (51)
            (1 - self._c_1 - self._c_mu) / (n * self._c_mu),  # (52)
        )
        self._weights = positive / positive.sum() + min(bounds) * negative / -negative.sum()  # (53)
        self._mu = int(np.count_nonzero(positive))
        self._mu_eff = mu_eff
        self._expected_norm = expected_norm(n)
        self._decomposition_interval = 1 / (self._c_1 + self._c_mu) / n / 10  # generations

        self._path_sigma, self._path_c = np.zeros(n), np.zeros(n)
        self._covariance, self._basis, self._scale = self._initial_covariance(n)
        self._generation, self._generations_since_decomposition = 0, 0

    def _learning_rates(self, mu_eff: float) -> tuple[float, float]:
        """c_1 and c_mu, the learning rates of the covariance's two updates."""
        n = self._mean.size
        c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)  # (57)
        c_mu = 2 * (1 / 4 + mu_eff + 1 / mu_eff - 2) / ((n + 2) ** 2 + mu_eff)  # (58)
        return c_1, min(1 - c_1, c_mu)

    def _initial_covariance(self, n: int) -> tuple[Vector, Vector, Vector]:
        """C, B and the diagonal of D, where C = B D^2 B^T."""
        return np.eye(n), np.eye(n), np.ones(n)

    def _sample(self) -> Vector:
        self._mutations = self._rng.standard_normal(self._mutations.shape)  # z ~ N(0, I)
        return self._mean + self._sigma * self._transform(self._mutations)  # (38) to (40)

    def _transform(self, z: Vector) -> Vector:
        """y = B D z ~ N(0, C) of every row of z ~ N(0, I)."""
        y: Vector = (z * self._scale) @ self._basis.T
        return y

    def _rotate(self, z: Vector) -> Vector:
        """B z = C^(-1/2) y of one z (n,)."""
        rotated: Vector = self._basis @ z
        return rotated

    def _update(self, fitness: Vector) -> None:
        if self._sigma * self._scale.max() > MAX_STD:
            return
        z = self._mutations[best_first(fitness)]
        y = self._transform(z)
        weights = self._weights[: self._mu]
        step = weights @ y[: self._mu]  # (41)
        self._mean = self._mean + self._sigma * step  # (42), c_m = 1

        c = self._c_sigma
        rotated = self._rotate(weights @ z[: self._mu])
        self._path_sigma = (1 - c) * self._path_sigma
        self._path_sigma += np.sqrt(c * (2 - c) * self._mu_eff) * rotated  # (43)
        length = float(np.linalg.norm(self._path_sigma)) / self._expected_norm
        # (44), limited to a factor of e
        self._sigma *= float(np.exp(min(1.0, c / self._d_sigma * (length - 1))))

        self._generation += 1
        # h_sigma is false while the path is long: it stalls the update of the other path.
        start_correction = np.sqrt(1 - (1 - c) ** (2 * self._generation))
        h_sigma = length / start_correction < 1.4 + 2 / (self._mean.size + 1)
        c = self._c_c
        self._path_c = (1 - c) * self._path_c
        if h_sigma:
            self._path_c += np.sqrt(c * (2 - c) * self._mu_eff) * step  # (45)

        rank_mu_weights = self._weights.copy()  # (46)
        worse = rank_mu_weights < 0
        squared_norms = np.square(z[worse]).sum(axis=1)
        rank_mu_weights[worse] *= self._mean.size / np.maximum(squared_norms, 1e-300)
        decay = self._c_1 + self._c_mu * self._weights.sum()
        if not h_sigma:
            decay -= self._c_1 * c * (2 - c)
        self._covariance = (1 - decay) * self._covariance  # (47)
        self._covariance += self._covariance_update(y, rank_mu_weights)
        self._generations_since_decomposition += 1
        if self._generations_since_decomposition >= self._decomposition_interval:
            self._decompose()
            self._generations_since_decomposition = 0

    def _covariance_update(self, y: Vector, weights: Vector) -> Vector:
        """The rank-one and rank-mu terms of (47)."""
        update: Vector = self._c_1 * np.outer(self._path_c, self._path_c)
        update += self._c_mu * (y.T * weights) @ y
        return update

    def _decompose(self) -> None:
        """Set B and D by C = B D^2 B^T."""
        self._covariance = (self._covariance + self._covariance.T) / 2
        eigenvalues, self._basis = np.linalg.eigh(self._covariance)
        self._scale = np.sqrt(np.maximum(eigenvalues, 1e-30 * eigenvalues.max()))


class SepCMAES(CMAES):
    """CMA-ES with a diagonal covariance.

    Time and memory are linear in n; the learning rates of the covariance are (n + 2) / 3 times
    higher.

    Arguments and errors: see `Strategy`.
    """

    def _learning_rates(self, mu_eff: float) -> tuple[float, float]:
        c_1, c_mu = super()._learning_rates(mu_eff)
        factor = (self._mean.size + 2) / 3
        c_1 *= factor
        return c_1, min(1 - c_1, c_mu * factor)

    def _initial_covariance(self, n: int) -> tuple[Vector, Vector, Vector]:
        return np.ones(n), np.ones(0), np.ones(n)

    def _transform(self, z: Vector) -> Vector:
        return z * self._scale

    def _rotate(self, z: Vector) -> Vector:
        return z

    def _covariance_update(self, y: Vector, weights: Vector) -> Vector:
        update: Vector = self._c_1 * np.square(self._path_c)
        update += self._c_mu * (weights @ np.square(y))
        return update

    def _decompose(self) -> None:
        self._scale = np.sqrt(np.maximum(self._covariance, 1e-30 * self._covariance.max()))
