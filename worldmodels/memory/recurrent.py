"""What every M here is: an LSTM, a layer that says what its state means for the next z, and, where
they are wanted, two that say what the step earns and whether it ends the episode, and a hidden one
between the state and all that is said.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.layers import binary_cross_entropy, dense, dense_backward, relu, sigmoid
from worldmodels.nn.lstm import LSTM, LSTMTrace, initial_lstm
from worldmodels.nn.parameters import Array, Parameters, checked_shapes, scaled_normal

LSTM_SHAPES = {
    "lstm.input_weight": ("I", "4H"),
    "lstm.hidden_weight": ("H", "4H"),
    "lstm.bias": ("4H",),
}
READOUT_SHAPES = {"readout.weight": ("H", "R"), "readout.bias": ("R",)}
OUTCOME_SHAPES: dict[str, tuple[str, ...]] = {
    "reward.weight": ("R",),
    "reward.bias": (),
    "end.weight": ("R",),
    "end.bias": (),
}


class RecurrentMemory(ABC):
    """[z_t, a_t] and a state of H numbers to the next z and, perhaps, the outcome of the step.

    What is trained on is a sum: the error of the next z, a step and dimension; with the layers of
    an outcome, the squared error of the reward, weighted, and the nats of the end, a step each.

    All that it says it says of a readout of the state: R rectified units, or the state itself,
    R = H. Where a view has sharp edges that turn and slide, one linear layer is a poor artist.

    Args:
        arrays: LSTM_SHAPES (I = Z + A), the Z_SHAPES of the class; READOUT_SHAPES if it has such
            units, and OUTCOME_SHAPES if it predicts outcomes.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of such an M.
    """

    kind: ClassVar[str]
    unit: ClassVar[str]  # of the error of the next z
    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]]
    Z_LAYERS: ClassVar[tuple[str, ...]] = ("z",)  # which say the next z

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        self.predicts_reward_done = not OUTCOME_SHAPES.keys().isdisjoint(arrays)
        self._has_readout = not READOUT_SHAPES.keys().isdisjoint(arrays)
        said = self.Z_SHAPES | (OUTCOME_SHAPES if self.predicts_reward_done else {})
        if self._has_readout:
            said |= READOUT_SHAPES
        else:
            said = {name: tuple(axis.replace("R", "H") for axis in said[name]) for name in said}
        sizes = checked_shapes(arrays, LSTM_SHAPES | said)
        self.z_size, self.action_size = sizes["Z"], sizes["I"] - sizes["Z"]
        self.hidden_size = sizes["H"]
        if self.action_size < 1:
            raise ValueError(f"input of {sizes['I']} leaves no action beside z of {sizes['Z']}")
        self.parameters = Parameters(arrays, dtype)
        self._lstm = LSTM(self.parameters)
        self.reward_weight = 1.0

    def set_loss_weights(self, reward: float) -> None:
        """Set what the reward's squared error counts in training, beside the next z's."""
        self.reward_weight = reward

    def arrays(self) -> dict[str, Array]:
        """What the constructor takes, as a file holds it."""
        return dict(self.parameters)

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """z (B, Z), actions (B, A), state h and c (B, H): the next h and c."""
        x = np.concatenate([z, actions], axis=1, dtype=z.dtype)
        return self._lstm.step(x, h, c)

    def head_features(self, h: Array) -> Array:
        """What all is said of (..., R), given a state h (..., H) after the step."""
        return relu(dense(h, self.parameters, "readout")) if self._has_readout else h

    @abstractmethod
    def predict(self, head_features: Array) -> Array:
        """The mean of the next z (..., Z), given a readout (..., R)."""

    @abstractmethod
    def sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A next z (..., Z), by noise (..., Z) in [0, 1) and noise from N(0, 1).

        The temperature is above 0; 1 is as learned, less is surer.
        """

    def calibrate(self, residual: Array) -> None:
        """Be told the standard deviation (Z,) of what it says; a kind that says it knows better."""
        return

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """What the step to a readout (..., R) earns (...), and the probability (...) that it is the
        end.

        Raises:
            ValueError: this M was not made to say so.
        """
        if not self.predicts_reward_done:
            raise ValueError("this M predicts no outcome")
        reward, end = (dense(head_features, self.parameters, name) for name in ("reward", "end"))
        return reward, sigmoid(end)

    def states(self, sequences: PackedSequences) -> Array:
        """h (N, H) after every step, from a state of zeros."""
        return self._run(sequences).hidden

    def loss(self, sequences: PackedSequences) -> float:
        """What is trained on."""
        return sum(self.losses(self.head_features(self.states(sequences)), sequences).values())

    def losses(self, head_features: Array, sequences: PackedSequences) -> dict[str, float]:
        """The same in its parts, by layer: `z`, and `reward` and `end` where there are such."""
        return self._errors(head_features, sequences)[0]

    def loss_and_gradient(self, sequences: PackedSequences) -> tuple[float, Parameters]:
        """The same loss, and its gradient by every parameter, through all T steps."""
        trace, gradient = self._run(sequences), self.parameters.zeros_like()
        head_features = self.head_features(trace.hidden)
        losses, errors = self._errors(head_features, sequences)
        back = np.zeros_like(head_features)
        for name, dy in errors.items():
            back += dense_backward(dy, head_features, self.parameters, gradient, name)
        if self._has_readout:
            back *= head_features > 0
            back = dense_backward(back, trace.hidden, self.parameters, gradient, "readout")
        self._lstm.backward(back, trace, gradient)
        return sum(losses.values()), gradient

    def _head_outputs(self, head_features: Array) -> list[Array]:
        """What the layers of the next z say."""
        return [dense(head_features, self.parameters, name) for name in self.Z_LAYERS]

    def _run(self, sequences: PackedSequences) -> LSTMTrace:
        x = np.concatenate([sequences.z, sequences.actions], axis=1)
        return self._lstm.forward(x, sequences.batch_sizes)

    def _errors(
        self, head_features: Array, sequences: PackedSequences
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """Losses, by what is said, and their gradients by what each layer gives."""
        loss, gradients = self._z_loss(self._head_outputs(head_features), sequences)
        losses, errors = {"z": loss}, dict(zip(self.Z_LAYERS, gradients, strict=True))
        if self.predicts_reward_done:
            for name, error, targets, weight in (
                ("reward", squared_error, sequences.rewards, self.reward_weight),
                ("end", binary_cross_entropy, sequences.dones, 1.0),
            ):
                loss, dy = error(dense(head_features, self.parameters, name), targets)
                losses[name], errors[name] = weight * loss, weight * dy
        return losses, errors

    @abstractmethod
    def _z_loss(
        self, said: Sequence[Array], sequences: PackedSequences
    ) -> tuple[float, Sequence[Array]]:
        """Loss a step and dimension, given what the layers of the next z say, and its gradients by
        that.
        """


def squared_error(predicted: Array, targets: Array) -> tuple[float, Array]:
    """Its mean over all entries, and the gradient by what was predicted."""
    error = predicted - targets
    return float((error * error).mean()), 2 * error / error.size


def initial_arrays(
    z_size: int,
    action_size: int,
    hidden: int,
    outputs: Mapping[str, tuple[int, ...]],
    rng: np.random.Generator,
    *,
    head_features: int,
    predict_reward_done: bool,
) -> dict[str, Array]:
    """All layers: weights ~ N(0, 1 / fan_in), biases 0, the forget gate's 1.

    Args:
        z_size: Z.
        action_size: A.
        hidden: H.
        outputs: of the layers of the next z, by name.
        rng: the weights'.
        readout: R; 0 for none.
        predict_reward_done: whether there are the layers of an outcome.
    """
    arrays = initial_lstm(rng, z_size + action_size, hidden)

    def add(name: str, inputs: int, size: tuple[int, ...]) -> None:
        weight = scaled_normal(rng, inputs, math.prod(size))
        arrays[f"{name}.weight"] = weight.reshape(inputs, *size)
        arrays[f"{name}.bias"] = np.zeros(size)

    if head_features:
        add("readout", hidden, (head_features,))
    said = {**outputs, **({"reward": (), "end": ()} if predict_reward_done else {})}
    for name, size in said.items():
        add(name, head_features or hidden, size)
    return arrays
