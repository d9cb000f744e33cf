"""C: a = tanh(W x + b), the paper's linear controller, or one with a tanh layer before it.

A whole population is evaluated as one batch, in which every row has weights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.nn.parameters import Array, match_shapes

ARRAYS = {  # shapes of a file's arrays by kind: F features, H hidden units, A numbers of an action
    "linear": {"layer1.weight": ("A", "F"), "layer1.bias": ("A",)},
    "hidden": {
        "layer1.weight": ("H", "F"),
        "layer1.bias": ("H",),
        "layer2.weight": ("A", "H"),
        "layer2.bias": ("A",),
    },
}


class Layer(NamedTuple):
    """y = tanh(W x + b): x (N, I) to y (N, O), where every row has its own W and b."""

    weight: Array  # (N, O, I)
    bias: Array  # (N, O)


def parameter_count(sizes: Sequence[int]) -> int:
    """The number of weights and biases of a controller.

    Args:
        sizes: the features, the units of hidden layers if any, the numbers of an action.
    """
    return sum(outputs * (inputs + 1) for inputs, outputs in pairwise(sizes))


class Controllers:
    """A batch of controllers.

    Example:
        >>> controllers = Controllers.from_genomes(np.zeros((24, 98)), (48, 2))
        >>> controllers.kind, controllers.act(np.ones((24, 48), np.float32)).shape
        ('linear', (24, 2))

    Args:
        layers: the output layer alone, or a hidden layer and the output layer.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)

    @classmethod
    def from_genomes(
        cls, genomes: NDArray[np.float64], sizes: Sequence[int], pca: WhitenedPCA | None = None
    ) -> Controllers:
        """One controller per row of genomes.

        Args:
            genomes: (N, parameter_count(sizes)); of each layer W row by row, then b.
            sizes: see `parameter_count`.
            pca: if given, the genomes are those of controllers on z and the principal components of
                h. They are converted to the same controllers on z and h.

        Raises:
            ValueError: the genomes have another length.
        """
        if genomes.ndim != 2 or genomes.shape[1] != parameter_count(sizes):
            raise ValueError(
                f"controllers of sizes {tuple(sizes)} have {parameter_count(sizes)} parameters; "
                f"found an array of {genomes.shape}"
            )
        layers, start = list[Layer](), 0
        for inputs, outputs in pairwise(sizes):
            split, end = start + outputs * inputs, start + outputs * (inputs + 1)
            weight = genomes[:, start:split].reshape(-1, outputs, inputs)
            bias = genomes[:, split:end]
            if pca and not layers:
                weight, bias = pca.fold_into(weight, bias)
            layers.append(Layer(weight.astype(np.float32), bias.astype(np.float32)))
            start = end
        return cls(layers)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Controllers:
        """The one controller of a file.

        Raises:
            ValueError: the arrays are not those of a kind in ARRAYS.
        """
        kind = "hidden" if "layer2.weight" in arrays else "linear"
        match_shapes(arrays, ARRAYS[kind])
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
        """The number of input features."""
        return int(self.layers[0].weight.shape[2])

    @property
    def actions(self) -> int:
        """The size of an action."""
        return int(self.layers[-1].weight.shape[1])

    def arrays(self, number: int) -> dict[str, Array]:
        """The arrays of a file with the controller of this number."""
        arrays = [array[number] for layer in self.layers for array in layer]
        return dict(zip(ARRAYS[self.kind], arrays, strict=True))

    def __len__(self) -> int:
        return len(self.layers[0].bias)

    def repeated(self, count: int) -> Controllers:
        """A batch of `count` copies of the first controller."""
        return self.rows(np.zeros(count, np.intp))

    def rows(self, numbers: NDArray[np.intp]) -> Controllers:
        """A batch of the controllers of these numbers, in this order."""
        return Controllers(
            [Layer(layer.weight[numbers], layer.bias[numbers]) for layer in self.layers]
        )

    def act(self, features: Array) -> Array:
        """Actions (N, A) in (-1, 1), given features (N, F): row i is for controller i."""
        x = features
        for weight, bias in self.layers:
            x = (weight @ x[:, :, None])[:, :, 0]
            x += bias
            np.tanh(x, out=x)
        return x
