"""Leading principal components of h, whitened: fewer and better scaled inputs for C to learn from.

What is learned on them is written as a C of all of h, so that nobody else needs to know of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Basis(NamedTuple):
    """x (K,) = (h - mean) @ directions, each number of variance 1 where it was fitted."""

    mean: NDArray[np.float64]  # (H,)
    directions: NDArray[np.float64]  # (H, K)

    @classmethod
    def fitted(cls, states: NDArray[Any], components: int) -> Basis:
        """That of the leading components of states (N, H).

        Raises:
            ValueError: the states do not vary in so many directions.
        """
        mean = states.mean(axis=0, dtype=np.float64)
        centred = states - mean
        variances, vectors = np.linalg.eigh(centred.T @ centred / len(states))
        variances, vectors = variances[::-1], vectors[:, ::-1]
        rank = int((variances > variances[0] * 1e-10).sum()) if variances[0] > 0 else 0
        if components > rank:
            raise ValueError(f"they vary in {rank} directions, and {components} are asked for")
        return cls(mean, vectors[:, :components] / np.sqrt(variances[:components]))

    @property
    def size(self) -> int:
        """K."""
        return int(self.directions.shape[1])

    def unfolded(
        self, weight: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A layer on [z; x], weight (..., O, Z + K) and bias (..., O), as one on [z; h]."""
        z_size = weight.shape[-1] - self.size
        of_h = weight[..., z_size:] @ self.directions.T
        return np.concatenate([weight[..., :z_size], of_h], axis=-1), bias - of_h @ self.mean
