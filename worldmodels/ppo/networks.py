"""C and its critic as networks with gradients, on standardised features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.controller.controller import Controllers, Layer
from worldmodels.nn.layers import dense, dense_backward, dense_gradient
from worldmodels.nn.parameters import Array, Parameters, dense_layers

OUTPUT_SCALE = 0.5  # of initial output weights: first actions differ from state to state, a little
MIN_STD = 0.02  # added to the standard deviation of a feature, which may be constant


class Standardization(NamedTuple):
    """x = (features - mean) / std."""

    mean: NDArray[np.float64]  # (F,)
    std: NDArray[np.float64]  # (F,)

    @classmethod
    def fit(cls, features: NDArray[Any]) -> Standardization:
        """Mean and standard deviation of features (N, F)."""
        x = features.astype(np.float64)
        return cls(x.mean(axis=0), x.std(axis=0) + MIN_STD)

    def transform(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Features (..., F), standardised."""
        x: NDArray[np.float32] = features - self.mean.astype(np.float32)
        x /= self.std.astype(np.float32)
        return x


class MLP:
    """y (N, O) = W2 tanh(W1 x + b1) + b2 of x (N, F), or y = W x + b without a hidden layer.

    Args:
        arrays: `output.weight` and `output.bias`, and of a hidden layer `hidden.weight` (F, H) and
            `hidden.bias`.
        dtype: float32 in the pipeline, float64 to check gradients.
    """

    def __init__(self, arrays: Mapping[str, ArrayLike], dtype: type = np.float32) -> None:
        self.parameters = Parameters(arrays, dtype)
        self._has_hidden = "hidden.weight" in arrays

    @classmethod
    def initial(cls, inputs: int, hidden: int, outputs: int, rng: np.random.Generator) -> MLP:
        """An untrained network; `hidden` 0 for no hidden layer."""
        sizes = {"hidden": (inputs, hidden)} if hidden else {}
        arrays = dense_layers(rng, {**sizes, "output": (hidden or inputs, outputs)})
        arrays["output.weight"] *= OUTPUT_SCALE
        return cls(arrays)

    def __call__(self, x: Array) -> Array:
        """y (..., O) of x (..., F)."""
        return dense(self._hidden(x), self.parameters, "output")

    def gradient(self, x: Array, dy: Array) -> Parameters:
        """The gradient of a loss by all parameters, given x (N, F) and its gradient by y (N, O)."""
        gradient = self.parameters.zeros_like()
        y = self._hidden(x)
        if self._has_hidden:
            dx = dense_backward(dy, y, self.parameters, gradient, "output")
            dense_gradient(dx * (1 - y * y), x, gradient, "hidden")
        else:
            dense_gradient(dy, y, gradient, "output")
        return gradient

    def _hidden(self, x: Array) -> Array:
        """The hidden units (..., H), or x itself."""
        return np.tanh(dense(x, self.parameters, "hidden")) if self._has_hidden else x


def controllers_of(policy: MLP, scale: Standardization) -> Controllers:
    """The controller on features that acts as tanh(policy) on standardised ones."""
    arrays = {name: array.astype(np.float64) for name, array in policy.parameters.items()}
    layers: list[Layer] = []
    for name in ("hidden", "output"):
        if f"{name}.weight" in arrays:
            weight, bias = arrays[f"{name}.weight"], arrays[f"{name}.bias"]
            if not layers:
                weight = weight / scale.std[:, None]
                bias = bias - scale.mean @ weight
            layers.append(Layer(weight.T[None].astype(np.float32), bias[None].astype(np.float32)))
    return Controllers(layers)


def policy_of(controllers: Controllers, scale: Standardization) -> MLP:
    """The policy on standardised features that `controllers_of` makes the first controller of."""
    arrays: dict[str, Array] = {}
    names = ("hidden", "output")[-len(controllers.layers) :]
    for name, layer in zip(names, controllers.layers, strict=True):
        weight, bias = layer.weight[0].T.astype(np.float64), layer.bias[0].astype(np.float64)
        if not arrays:
            bias = bias + scale.mean @ weight
            weight = weight * scale.std[:, None]
        arrays |= {f"{name}.weight": weight, f"{name}.bias": bias}
    return MLP(arrays)
