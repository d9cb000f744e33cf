"""Whitened principal components of h, or of [c; h]: fewer and better scaled inputs to search C on.

A layer on the components folds into one on h itself, so that files and agents know nothing of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class WhitenedPCA(NamedTuple):
    """x (..., K) = (h - mean_) @ components_, of unit variance where it was fitted.

    Compare scikit-learn's PCA(n_components, whiten=True).
    """

    mean_: NDArray[np.float64]  # (H,)
    components_: NDArray[np.float64]  # (H, K)

    @classmethod
    def fit(cls, states: NDArray[Any], components: int) -> WhitenedPCA:
        """The leading components of states (N, H).

        Raises:
            ValueError: the states have fewer components.
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
        return int(self.components_.shape[1])

    def leading(self, components: int) -> WhitenedPCA:
        """The first of these components."""
        return WhitenedPCA(self.mean_, self.components_[:, :components])

    def transform(self, states: NDArray[Any]) -> NDArray[np.float64]:
        """The components (..., K) of states (..., H)."""
        components: NDArray[np.float64] = (states - self.mean_) @ self.components_
        return components

    def fold_into(
        self, weight: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A layer on [z; x], weight (..., O, Z + K) and bias (..., O), as one on [z; h]."""
        z_size = weight.shape[-1] - self.size
        of_h = weight[..., z_size:] @ self.components_.T
        return np.concatenate([weight[..., :z_size], of_h], axis=-1), bias - of_h @ self.mean_
