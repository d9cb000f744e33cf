"""The note's M: an LSTM and a linear layer that predict the next z; mean squared error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stages.nn.layers import dense, dense_backward
from stages.nn.lstm import LSTM, initial_lstm
from stages.nn.parameters import Array, Parameters, checked_shapes, scaled_normal

SHAPES = {
    "lstm.input_weight": ("I", "4H"),
    "lstm.hidden_weight": ("H", "4H"),
    "lstm.bias": ("4H",),
    "z.weight": ("H", "Z"),
    "z.bias": ("Z",),
}


class Pieces(NamedTuple):
    """Pieces of episodes, time first, each padded to T steps with zeros."""

    z: Array  # (T, B, Z), what is seen
    actions: Array  # (T, B, A), what is done then
    z_next: Array  # (T, B, Z), what is seen next
    weight: Array  # (T, B), 1 for a step, 0 for padding


class DeterministicLSTM:
    """[z_t, a_t] and a state of H numbers to the next z.

    Args:
        arrays: the weights, as SHAPES names them (I = Z + A).
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of an LSTM.
    """

    kind = "lstm"

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        sizes = checked_shapes(arrays, SHAPES)
        self.z_size, self.action_size = sizes["Z"], sizes["I"] - sizes["Z"]
        self.hidden_size = sizes["H"]
        if self.action_size < 1:
            raise ValueError(f"input of {sizes['I']} leaves no action beside z of {sizes['Z']}")
        self.parameters = Parameters(arrays, dtype)
        self._lstm = LSTM(self.parameters)

    @classmethod
    def initial(
        cls, z_size: int, action_size: int, hidden: int, rng: np.random.Generator
    ) -> DeterministicLSTM:
        """Weights ~ N(0, 1 / fan_in), biases 0, the forget gate's 1."""
        arrays = initial_lstm(rng, z_size + action_size, hidden)
        arrays["z.weight"] = scaled_normal(rng, hidden, z_size)
        arrays["z.bias"] = np.zeros(z_size)
        return cls(arrays)

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """z (B, Z), actions (B, A), state h and c (B, H): the next h and c."""
        x = np.concatenate([z, actions], axis=1, dtype=z.dtype)
        return self._lstm.step(x, h, c)

    def predict(self, h: Array) -> Array:
        """The next z (..., Z) that a state h (..., H) after the step stands for."""
        return dense(h, self.parameters, "z")

    def loss(self, pieces: Pieces) -> float:
        """Mean squared error of the next z, per step and dimension, from a state of zeros."""
        trace = self._lstm.forward(np.concatenate([pieces.z, pieces.actions], axis=2))
        return self._squared_error(self.predict(trace.hidden[1:]), pieces)[0]

    def loss_and_gradient(self, pieces: Pieces) -> tuple[float, Parameters]:
        """The same loss, and its gradient by every parameter, through all T steps."""
        trace = self._lstm.forward(np.concatenate([pieces.z, pieces.actions], axis=2))
        hidden = trace.hidden[1:]
        loss, derror = self._squared_error(self.predict(hidden), pieces)
        gradient = self.parameters.zeros_like()
        dhidden = dense_backward(derror, hidden, self.parameters, gradient, "z")
        self._lstm.backward(dhidden, trace, gradient)
        return loss, gradient

    def _squared_error(self, predicted: Array, pieces: Pieces) -> tuple[float, Array]:
        """The loss and its gradient by what was predicted (T, B, Z)."""
        error = (predicted - pieces.z_next) * pieces.weight[:, :, None]
        count = pieces.weight.sum() * self.z_size
        return float((error * error).sum() / count), 2 * error / count
