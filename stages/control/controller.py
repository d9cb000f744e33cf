"""C: a = tanh(W [z; h] + b), the paper's linear controller, for a whole population at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stages.nn.parameters import Array, checked_shapes


def parameter_count(features: int, actions: int) -> int:
    """How many numbers one controller has."""
    return actions * (features + 1)


class Controllers:
    """A batch of linear controllers.

    Example:
        >>> controllers = Controllers.from_genomes(np.zeros((24, 98)), features=48, actions=2)
        >>> controllers.act(np.ones((24, 48), np.float32)).shape
        (24, 2)

    Args:
        weight: W, (controllers, A, F).
        bias: b, (controllers, A).
    """

    kind = "linear"

    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight = weight
        self.bias = bias

    @classmethod
    def from_genomes(cls, genomes: NDArray[np.float64], features: int, actions: int) -> Controllers:
        """One controller a row of (population, actions * (features + 1)): W row by row, then b.

        Raises:
            ValueError: the rows are not that long.
        """
        if genomes.ndim != 2 or genomes.shape[1] != parameter_count(features, actions):
            raise ValueError(
                f"{features} features and {actions} actions make "
                f"{parameter_count(features, actions)} numbers; found an array of {genomes.shape}"
            )
        weight, bias = np.split(genomes.astype(np.float32), [actions * features], axis=1)
        return cls(weight.reshape(-1, actions, features), bias)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Controllers:
        """The one controller in a file: `weight` (A, F) and `bias` (A,).

        Raises:
            ValueError: the arrays are not that.
        """
        checked_shapes(arrays, {"weight": ("A", "F"), "bias": ("A",)})
        return cls(arrays["weight"][None], arrays["bias"][None])

    def arrays(self, number: int) -> dict[str, Array]:
        """Controller `number` as a file holds it."""
        return {"weight": self.weight[number], "bias": self.bias[number]}

    def mismatch(self, features: int, actions: int) -> str | None:
        """Why these cannot drive with so many features and actions; None if they can."""
        found_actions, found_features = self.weight.shape[1:]
        if (found_features, found_actions) == (features, actions):
            return None
        return (
            f"C was made for {found_features} features and {found_actions} actions, "
            f"but V and M have {features} and {actions}"
        )

    def __len__(self) -> int:
        return len(self.bias)

    def rows(self, numbers: NDArray[np.intp]) -> Controllers:
        """The batch of these controllers, in this order."""
        return Controllers(self.weight[numbers], self.bias[numbers])

    def act(self, features: Array) -> Array:
        """features (N, F), one row a controller, to actions (N, A) in (-1, 1)."""
        action = (self.weight @ features[:, :, None])[:, :, 0]
        action += self.bias
        return np.tanh(action, out=action)
