"""What is still to come, as far as it can be foretold from what an agent sees and remembers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.finetune.episode_sums import discounted

UNITS = 300  # random ones
FORGETTING = 0.7  # share of what was learned before that counts beside a new batch
RIDGE = 0.02  # of the least squares, a step
SWEEPS = 4  # of a batch, each with the values of the one before in its targets


class Critic:
    """v(x), linear in x and in rectified random mixtures of it (Rahimi and Recht 2007), by least
    squares with forgetting on lambda-returns.

    Args:
        size: K, of x, whose numbers should have mean 0 and variance 1.
        discount: the share of a reward that it is worth one step before.
        trace: lambda: how much more is believed of what came than of v.
        rng: of the mixtures.
    """

    def __init__(self, size: int, discount: float, trace: float, rng: Generator) -> None:
        self._discount = discount
        self._trace = trace
        self._mix = rng.standard_normal((size, UNITS)) * 1.5 / np.sqrt(size)
        self._shift = rng.standard_normal(UNITS)
        terms = size + UNITS + 1
        self._squares: NDArray[np.float64] = np.zeros((terms, terms))
        self._products: NDArray[np.float64] = np.zeros(terms)
        self._weight: NDArray[np.float64] = np.zeros(terms)

    def advantages(
        self, x: NDArray[np.float64], rewards: NDArray[np.float64], lengths: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """(N,): how much better it came than v had it, of each step (generalised advantages,
        Schulman et al. 2016); v learns from it first.

        Args:
            x: (N, K), before the steps of all episodes, one behind the other.
            rewards: (N,).
            lengths: (E,), steps of each; nothing more comes after the last.
        """
        terms = self._terms(x)
        squares = FORGETTING * self._squares + terms.T @ terms
        before = FORGETTING * self._products
        ridged = squares + RIDGE * len(x) * np.eye(len(squares))
        untaught = not self._weight.any()
        for sweep in range(SWEEPS):
            trace = 1.0 if untaught and not sweep else self._trace
            v = terms @ self._weight
            products = before + terms.T @ (v + self._better(v, rewards, lengths, trace))
            self._weight = np.linalg.solve(ridged, products).astype(np.float64)
        self._squares, self._products = squares, products
        return self._better(terms @ self._weight, rewards, lengths, self._trace)

    def state(self) -> dict[str, Any]:
        """All that was learned, for `restore`."""
        return {
            "squares": self._squares,
            "products": self._products,
            "weight": self._weight,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another one stopped that was made alike."""
        self._squares, self._products = state["squares"], state["products"]
        self._weight = state["weight"]

    def _terms(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        mixed = np.maximum(x @ self._mix + self._shift, 0)
        return np.concatenate([x, mixed, np.ones((len(x), 1))], axis=1)

    def _better(
        self,
        v: NDArray[np.float64],
        rewards: NDArray[np.float64],
        lengths: NDArray[np.integer],
        trace: float,
    ) -> NDArray[np.float64]:
        after = np.append(v[1:], 0.0)
        after[np.cumsum(lengths) - 1] = 0
        return discounted(rewards + self._discount * after - v, lengths, self._discount * trace)
