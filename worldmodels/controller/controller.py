"""C: a = tanh(W x + b), the paper's linear controller, or one with a hidden layer before it.

A whole population is one batch: each row of a product has weights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.nn.parameters import Array, checked_shapes

ARRAYS = {  # of a file, by the kind of its controller: features F, hidden H, actions A
    "linear": {"layer1.weight": ("A", "F"), "layer1.bias": ("A",)},
    "hidden": {
        "layer1.weight": ("H", "F"),
        "layer1.bias": ("H",),
        "layer2.weight": ("A", "H"),
        "layer2.bias": ("A",),
    },
}


class Layer(NamedTuple):
    """x (N, I) to tanh(W x + b) (N, O), every row with its own W and b."""

    weight: Array  # (N, O, I)
    bias: Array  # (N, O)


def parameter_count(sizes: Sequence[int]) -> int:
    """How many numbers a controller of these sizes has: features, any hidden layers, actions."""
    return sum(outputs * (inputs + 1) for inputs, outputs in pairwise(sizes))


class Controllers:
    """A batch of controllers.

    Example:
        >>> controllers = Controllers.from_genomes(np.zeros((24, 98)), (48, 2))
        >>> controllers.kind, controllers.act(np.ones((24, 48), np.float32)).shape
        ('linear', (24, 2))

    Args:
        layers: one, or a hidden one and one.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)

    @classmethod
    def from_genomes(
        cls, genomes: NDArray[np.float64], sizes: Sequence[int], pca: WhitenedPCA | None = None
    ) -> Controllers:
        """One controller a row of genomes: layer after layer, W row by row, then b.

        Given a basis, the sizes are those of controllers on z and the components of h, and the
        controllers are the same ones on z and h.

        Raises:
            ValueError: the rows are not `parameter_count(sizes)` long.
        """
        if genomes.ndim != 2 or genomes.shape[1] != parameter_count(sizes):
            raise ValueError(
                f"controllers of sizes {tuple(sizes)} have {parameter_count(sizes)} numbers; "
                f"found an array of {genomes.shape}"
            )
        layers, start = list[Layer](), 0
        for inputs, outputs in pairwise(sizes):
            split, end = start + outputs * inputs, start + outputs * (inputs + 1)
            weight, bias = (
                genomes[:, start:split].reshape(-1, outputs, inputs),
                genomes[:, split:end],
            )
            if pca and not layers:
                weight, bias = pca.fold_into(weight, bias)
            layers.append(Layer(weight.astype(np.float32), bias.astype(np.float32)))
            start = end
        return cls(layers)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Controllers:
        """The one controller in a file.

        Raises:
            ValueError: the arrays are not one of ARRAYS.
        """
        kind = "hidden" if "layer2.weight" in arrays else "linear"
        checked_shapes(arrays, ARRAYS[kind])
        weights, biases = list(ARRAYS[kind])[::2], list(ARRAYS[kind])[1::2]
        return cls(
            [Layer(arrays[w][None], arrays[b][None]) for w, b in zip(weights, biases, strict=True)]
        )

    @property
    def kind(self) -> str:
        """`linear` or `hidden`."""
        return "linear" if len(self.layers) == 1 else "hidden"

    @property
    def features(self) -> int:
        """How many numbers a controller sees."""
        return int(self.layers[0].weight.shape[2])

    @property
    def actions(self) -> int:
        """How many it gives."""
        return int(self.layers[-1].weight.shape[1])

    def arrays(self, number: int) -> dict[str, Array]:
        """Controller `number` as a file holds it."""
        pieces = [piece[number] for layer in self.layers for piece in layer]
        return dict(zip(ARRAYS[self.kind], pieces, strict=True))

    def __len__(self) -> int:
        return len(self.layers[0].bias)

    def repeated(self, count: int) -> Controllers:
        """The first controller, `count` times."""
        return self.rows(np.zeros(count, np.intp))

    def rows(self, numbers: NDArray[np.intp]) -> Controllers:
        """The batch of these controllers, in this order."""
        return Controllers(
            [Layer(layer.weight[numbers], layer.bias[numbers]) for layer in self.layers]
        )

    def act(self, features: Array) -> Array:
        """features (N, F), one row a controller, to actions (N, A) in (-1, 1)."""
        x = features
        for weight, bias in self.layers:
            x = (weight @ x[:, :, None])[:, :, 0]
            x += bias
            np.tanh(x, out=x)
        return x
