"""What every M here is: an LSTM, a layer that says what its state means for the next z, and, where
they are wanted, two that say what the step earns and whether it ends the episode.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from stages.nn.layers import binary_cross_entropy, dense, dense_backward, sigmoid
from stages.nn.lstm import LSTM, LSTMTrace, initial_lstm
from stages.nn.parameters import Array, Parameters, checked_shapes, scaled_normal

LSTM_SHAPES = {
    "lstm.input_weight": ("I", "4H"),
    "lstm.hidden_weight": ("H", "4H"),
    "lstm.bias": ("4H",),
}
OUTCOME_SHAPES: dict[str, tuple[str, ...]] = {
    "reward.weight": ("H",),
    "reward.bias": (),
    "end.weight": ("H",),
    "end.bias": (),
}


class Pieces(NamedTuple):
    """Pieces of episodes, N steps in all, packed as stages/nn/lstm.py has it."""

    z: Array  # (N, Z), what is seen
    actions: Array  # (N, A), what is done then
    z_next: Array  # (N, Z), what is seen next
    rewards: Array  # (N,), what the step earns
    ends: Array  # (N,), 1 for a step that loses the car, so that the episode is over
    running: Array  # (T,), how many pieces have a step t


class RecurrentMemory(ABC):
    """[z_t, a_t] and a state of H numbers to the next z and, perhaps, the outcome of the step.

    What is trained on is a sum: the error of the next z, a step and dimension; with the layers of
    an outcome, the squared error of the reward, weighted, and the nats of the end, a step each.

    Args:
        arrays: LSTM_SHAPES (I = Z + A), the Z_SHAPES of the class; OUTCOME_SHAPES if it predicts
            outcomes.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of such an M.
    """

    kind: ClassVar[str]
    unit: ClassVar[str]  # of the error of the next z
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]]

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        self.predicts_outcome = not OUTCOME_SHAPES.keys().isdisjoint(arrays)
        outcome = OUTCOME_SHAPES if self.predicts_outcome else {}
        sizes = checked_shapes(arrays, LSTM_SHAPES | self.Z_SHAPES | outcome)
        self.z_size, self.action_size = sizes["Z"], sizes["I"] - sizes["Z"]
        self.hidden_size = sizes["H"]
        if self.action_size < 1:
            raise ValueError(f"input of {sizes['I']} leaves no action beside z of {sizes['Z']}")
        self.parameters = Parameters(arrays, dtype)
        self._lstm = LSTM(self.parameters)
        self.reward_weight = 1.0

    def weigh(self, reward: float) -> None:
        """Set what the reward's squared error counts in training, beside the next z's."""
        self.reward_weight = reward

    def arrays(self) -> dict[str, Array]:
        """What the constructor takes, as a file holds it."""
        return dict(self.parameters)

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """z (B, Z), actions (B, A), state h and c (B, H): the next h and c."""
        x = np.concatenate([z, actions], axis=1, dtype=z.dtype)
        return self._lstm.step(x, h, c)

    @abstractmethod
    def predict(self, h: Array) -> Array:
        """The mean of the next z (..., Z), given a state h (..., H) after the step."""

    @abstractmethod
    def sample(self, h: Array, uniform: Array, normal: Array, temperature: float) -> Array:
        """A next z (..., Z), by noise (..., Z) in [0, 1) and noise from N(0, 1).

        The temperature is above 0; 1 is as learned, less is surer.
        """

    def calibrate(self, residual: Array) -> None:
        """Be told the standard deviation (Z,) of what it says; a kind that says it knows better."""
        return

    def outcome(self, h: Array) -> tuple[Array, Array]:
        """What the step to h (..., H) earns (...), and the probability (...) that it is the end.

        Raises:
            ValueError: this M was not made to say so.
        """
        if not self.predicts_outcome:
            raise ValueError("this M predicts no outcome")
        return dense(h, self.parameters, "reward"), sigmoid(dense(h, self.parameters, "end"))

    def states(self, pieces: Pieces) -> Array:
        """h (N, H) after every step, from a state of zeros."""
        return self._run(pieces).hidden

    def loss(self, pieces: Pieces) -> float:
        """What is trained on."""
        return sum(self.losses(self.states(pieces), pieces).values())

    def losses(self, states: Array, pieces: Pieces) -> dict[str, float]:
        """The same in its parts, by layer: `z`, and `reward` and `end` where there are such."""
        return {name: loss for name, (loss, _) in self._errors(states, pieces).items()}

    def loss_and_gradient(self, pieces: Pieces) -> tuple[float, Parameters]:
        """The same loss, and its gradient by every parameter, through all T steps."""
        trace = self._run(pieces)
        states, gradient = trace.hidden, self.parameters.zeros_like()
        errors = self._errors(states, pieces)
        dstates = np.zeros_like(states)
        for name, (_, dy) in errors.items():
            dstates += dense_backward(dy, states, self.parameters, gradient, name)
        self._lstm.backward(dstates, trace, gradient)
        return sum(loss for loss, _ in errors.values()), gradient

    def _run(self, pieces: Pieces) -> LSTMTrace:
        x = np.concatenate([pieces.z, pieces.actions], axis=1)
        return self._lstm.forward(x, pieces.running)

    def _errors(self, states: Array, pieces: Pieces) -> dict[str, tuple[float, Array]]:
        """By layer: its loss, and the gradient of that by what the layer gives."""
        errors = {"z": self._z_error(dense(states, self.parameters, "z"), pieces)}
        if self.predicts_outcome:
            for name, error, targets, weight in (
                ("reward", squared_error, pieces.rewards, self.reward_weight),
                ("end", binary_cross_entropy, pieces.ends, 1.0),
            ):
                loss, dy = error(dense(states, self.parameters, name), targets)
                errors[name] = weight * loss, weight * dy
        return errors

    @abstractmethod
    def _z_error(self, y: Array, pieces: Pieces) -> tuple[float, Array]:
        """Loss a step and dimension, given what the layer `z` says, and its gradient by that."""


def squared_error(predicted: Array, targets: Array) -> tuple[float, Array]:
    """Its mean over all entries, and the gradient by what was predicted."""
    error = predicted - targets
    return float((error * error).mean()), 2 * error / error.size


def initial_arrays(
    z_size: int, action_size: int, hidden: int, outputs: tuple[int, ...], rng: np.random.Generator
) -> dict[str, Array]:
    """LSTM, and the layer `z`: weights ~ N(0, 1 / fan_in), biases 0, the forget gate's 1."""
    arrays = initial_lstm(rng, z_size + action_size, hidden)
    weight = scaled_normal(rng, hidden, math.prod(outputs))
    arrays["z.weight"] = weight.reshape(hidden, *outputs)
    arrays["z.bias"] = np.zeros(outputs)
    return arrays


def initial_outcome(hidden: int, rng: np.random.Generator) -> dict[str, Array]:
    """The layers of an outcome, likewise."""
    arrays: dict[str, Array] = {}
    for name in ("reward", "end"):
        arrays[f"{name}.weight"] = scaled_normal(rng, hidden, 1)[:, 0]
        arrays[f"{name}.bias"] = np.zeros(())
    return arrays
