"""The arrays of an M that all kinds have: their shapes, and random ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from worldmodels.nn.lstm import initial_lstm
from worldmodels.nn.parameters import Array, lecun_normal

LSTM_SHAPES = {
    "lstm.input_weight": ("I", "4H"),
    "lstm.hidden_weight": ("H", "4H"),
    "lstm.bias": ("4H",),
}
HEAD_SHAPES = {"head.weight": ("H", "R"), "head.bias": ("R",)}


def initial_arrays(
    inputs: int,
    hidden: int,
    head_hidden: int,
    layers: Mapping[str, tuple[int, ...]],
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Weights ~ N(0, 1 / fan_in), biases 0, but 1 for the forget gate.

    Args:
        inputs: numbers of z and an action, I.
        hidden: units of the LSTM, H.
        head_hidden: units of the hidden layer between h and the heads, R; 0 for none.
        layers: the shapes of the heads' outputs, by name.
        rng: draws the weights.
    """
    arrays = initial_lstm(rng, inputs, hidden)

    def add(name: str, inputs: int, outputs: tuple[int, ...]) -> None:
        weight = lecun_normal(rng, inputs, math.prod(outputs))
        arrays[f"{name}.weight"] = weight.reshape(inputs, *outputs)
        arrays[f"{name}.bias"] = np.zeros(outputs)

    if head_hidden:
        add("head", hidden, (head_hidden,))
    for name, outputs in layers.items():
        add(name, head_hidden or hidden, outputs)
    return arrays
