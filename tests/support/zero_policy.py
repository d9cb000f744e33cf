"""A policy for tests in which it does not matter what is done."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ZeroPolicy:
    """A policy whose actions are zeros."""

    def reset(self, num_envs: int) -> None:
        """Start that many episodes."""
        self.num_envs = num_envs

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""
        self.num_envs = len(rows)

    def act(self, observations: NDArray[Any]) -> NDArray[np.float64]:
        """Zeros (N, 2)."""
        return np.zeros((self.num_envs, 2))
