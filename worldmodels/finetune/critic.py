"""A critic: predicts the rewards still to come from what the agent sees and remembers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.finetune.episode_sums import discounted_sums

RANDOM_FEATURES = 300
FORGETTING = 0.7  # weight of the earlier batches beside a new one, as in recursive least squares
VALUE_RIDGE = 0.02  # of the least squares, a step
SWEEPS = 4  # of a batch, each with the values of the one before in its targets


class Critic:
    """v(x), linear in x and in rectified random features of x (Rahimi & Recht 2007).

    It is fitted by least squares with forgetting on lambda-returns.

    Args:
        size: K, of x, whose numbers should have mean 0 and variance 1.
        discount: of a reward, a step.
        gae_lambda: weight of observed rewards against v.
        rng: draws the random features.
    """

    def __init__(self, size: int, discount: float, gae_lambda: float, rng: Generator) -> None:
        self._discount = discount
        self._gae_lambda = gae_lambda
        self._random_weight = rng.standard_normal((size, RANDOM_FEATURES)) * 1.5 / np.sqrt(size)
        self._random_bias = rng.standard_normal(RANDOM_FEATURES)
        count = size + RANDOM_FEATURES + 1
        self._squares: NDArray[np.float64] = np.zeros((count, count))
        self._products: NDArray[np.float64] = np.zeros(count)
        self._weight: NDArray[np.float64] = np.zeros(count)

    def advantages(
        self, x: NDArray[np.float64], rewards: NDArray[np.float64], lengths: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """(N,): generalised advantage estimates (Schulman et al. 2016), after v is fitted to them.

        Args:
            x: (N, K), before the steps of all episodes, one after the other.
            rewards: (N,).
            lengths: (E,), steps of each episode; no reward comes after the last.
        """
        features = self._features(x)
        squares = FORGETTING * self._squares + features.T @ features
        before = FORGETTING * self._products
        regularised = squares + VALUE_RIDGE * len(x) * np.eye(len(squares))
        untrained = not self._weight.any()
        for sweep in range(SWEEPS):
            gae_lambda = 1.0 if untrained and not sweep else self._gae_lambda
            v = features @ self._weight
            products = before + features.T @ (v + self._gae(v, rewards, lengths, gae_lambda))
            self._weight = np.linalg.solve(regularised, products).astype(np.float64)
        self._squares, self._products = squares, products
        return self._gae(features @ self._weight, rewards, lengths, self._gae_lambda)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {
            "squares": self._squares,
            "products": self._products,
            "weight": self._weight,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the state of one with the same arguments."""
        self._squares, self._products = state["squares"], state["products"]
        self._weight = state["weight"]

    def _features(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        random = np.maximum(x @ self._random_weight + self._random_bias, 0)
        return np.concatenate([x, random, np.ones((len(x), 1))], axis=1)

    def _gae(
        self,
        v: NDArray[np.float64],
        rewards: NDArray[np.float64],
        lengths: NDArray[np.integer],
        gae_lambda: float,
    ) -> NDArray[np.float64]:
        v_next = np.append(v[1:], 0.0)
        v_next[np.cumsum(lengths) - 1] = 0
        delta = rewards + self._discount * v_next - v
        return discounted_sums(delta, lengths, self._discount * gae_lambda)
