"""The base class of the kinds of M that are an LSTM with output heads.

An optional hidden layer lies between the LSTM's state and the heads.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np

from worldmodels.memory.initial import HEAD_SHAPES, LSTM_SHAPES, initial_arrays
from worldmodels.memory.recurrent import RecurrentMemory, change_array, pop_change, total
from worldmodels.memory.reward_done import REWARD_DONE_SHAPES, reward_done_losses
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.layers import dense, dense_backward, relu
from worldmodels.nn.lstm import LSTM, LSTMTrace
from worldmodels.nn.parameters import Array, Parameters, match_shapes


class LSTMMemory(RecurrentMemory):
    """An LSTM of H units; see `RecurrentMemory`.

    All heads read the same R head features: those of a hidden layer of R rectified units, or the
    state h itself (R = H) if there is no such layer. The hidden layer pays where observations have
    sharp edges that move, which one linear layer on h predicts badly.

    Args:
        arrays: of LSTM_SHAPES (I = Z + A) and the class's Z_SHAPES; of HEAD_SHAPES if there is a
            hidden layer, of REWARD_DONE_SHAPES if M predicts rewards and ends, and
            `predicts_change`, which is true, if it predicts the change of z.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of such an M.
    """

    Z_SHAPES: ClassVar[dict[str, tuple[str, ...]]]
    Z_LAYERS: ClassVar[tuple[str, ...]] = ("z",)  # the layers that predict the next z

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        arrays = dict(arrays)
        change = pop_change(arrays)
        self._has_head = not HEAD_SHAPES.keys().isdisjoint(arrays)
        shapes = self.Z_SHAPES
        if not REWARD_DONE_SHAPES.keys().isdisjoint(arrays):
            shapes = shapes | REWARD_DONE_SHAPES
        if self._has_head:
            shapes = shapes | HEAD_SHAPES
        else:
            shapes = {
                name: tuple(axis.replace("R", "H") for axis in axes)
                for name, axes in shapes.items()
            }
        sizes = match_shapes(arrays, LSTM_SHAPES | shapes)
        action_size = sizes["I"] - sizes["Z"]
        if action_size < 1:
            raise ValueError(f"input of {sizes['I']} leaves no action beside z of {sizes['Z']}")
        parameters = Parameters(arrays, dtype)
        super().__init__(parameters, sizes["Z"], action_size, sizes["H"], change)
        self._lstm = LSTM(parameters)

    @classmethod
    def initial(
        cls,
        z_size: int,
        action_size: int,
        hidden: int,
        rng: np.random.Generator,
        *,
        head_hidden: int = 0,
        num_mixtures: int = 1,
        min_std: float = 0.01,
        predict_change: bool = False,
        predict_reward_done: bool = False,
    ) -> Self:
        """An untrained M: weights ~ N(0, 1 / fan_in), biases 0, but 1 for the forget gate.

        Args:
            z_size: latent dimensions, Z.
            action_size: numbers of an action, A.
            hidden: units of the LSTM, H.
            rng: draws the weights.
            head_hidden: units of the hidden layer between h and the heads, R; 0 for none.
            num_mixtures: Gaussians of a mixture, K; ignored by kinds without mixtures.
            min_std: least standard deviation of a Gaussian; ignored likewise.
            predict_change: whether the heads predict the change of z.
            predict_reward_done: whether there are heads for the reward and the episode's end.
        """
        layers = dict(cls._z_outputs(num_mixtures, z_size))
        if predict_reward_done:
            layers |= {"reward": (), "done": ()}
        arrays = initial_arrays(z_size + action_size, hidden, head_hidden, layers, rng)
        return cls(arrays | cls._constants(min_std) | change_array(predict_change))

    @staticmethod
    @abstractmethod
    def _z_outputs(num_mixtures: int, z_size: int) -> Mapping[str, tuple[int, ...]]:
        """The shapes of the outputs of Z_LAYERS, by layer."""

    @staticmethod
    def _constants(min_std: float) -> dict[str, Array]:
        """The arrays besides the weights that the constructor takes."""
        return {}

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c (B, H), given z (B, Z), actions (B, A), and h and c (B, H)."""
        x = np.concatenate([z, actions], axis=1, dtype=z.dtype)
        return self._lstm.step(x, h, c)

    def head_features(self, h: Array, z: Array, actions: Array) -> Array:
        """Input of the output heads (..., R): ReLU(h W + b), or h itself without a hidden layer.

        Of z and the actions the heads see what h has of them. For the arguments see
        `RecurrentMemory`.
        """
        return relu(dense(h, self.parameters, "head")) if self._has_head else h

    def states(self, sequences: PackedSequences, with_c: bool = False) -> Array:
        """h (N, H), or [c; h] (N, 2H), after every step, from a state of zeros."""
        trace = self._forward(sequences)
        return np.concatenate([trace.cells, trace.hidden], axis=1) if with_c else trace.hidden

    def losses(self, head_features: Array, sequences: PackedSequences) -> dict[str, float]:
        """The terms of the loss: `z` and, with those heads, those of `reward_done_losses`."""
        return self._losses_and_gradients(head_features, sequences)[0]

    def loss_and_gradient(self, sequences: PackedSequences) -> tuple[float, Parameters]:
        """The loss and its gradient by all parameters, through all T steps."""
        trace, gradient = self._forward(sequences), self.parameters.zeros_like()
        head_features = self.head_features(trace.hidden, sequences.z, sequences.actions)
        losses, gradients = self._losses_and_gradients(head_features, sequences)
        dx = np.zeros_like(head_features)
        for name, dy in gradients.items():
            dx += dense_backward(dy, head_features, self.parameters, gradient, name)
        if self._has_head:
            dx *= head_features > 0
            dx = dense_backward(dx, trace.hidden, self.parameters, gradient, "head")
        self._lstm.backward(dx, trace, gradient)
        return total(losses), gradient

    def _head_outputs(self, head_features: Array) -> list[Array]:
        """The outputs of Z_LAYERS."""
        return [dense(head_features, self.parameters, name) for name in self.Z_LAYERS]

    def _forward(self, sequences: PackedSequences) -> LSTMTrace:
        x = np.concatenate([sequences.z, sequences.actions], axis=1)
        return self._lstm.forward(x, sequences.batch_sizes)

    def _losses_and_gradients(
        self, head_features: Array, sequences: PackedSequences
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """The terms of the loss, and its gradients by the outputs of every layer."""
        targets = sequences.z_next - sequences.z if self.predicts_change else sequences.z_next
        loss, z_gradients = self._z_loss(self._head_outputs(head_features), targets)
        losses, gradients = {"z": loss}, dict(zip(self.Z_LAYERS, z_gradients, strict=True))
        if self.predicts_reward_done:
            more_losses, more_gradients = reward_done_losses(
                self.parameters, head_features, sequences, self.reward_weight, self.done_weight
            )
            losses, gradients = losses | more_losses, gradients | more_gradients
        return losses, gradients

    @abstractmethod
    def _z_loss(self, outputs: Sequence[Array], targets: Array) -> tuple[float, Sequence[Array]]:
        """The loss per step and dimension of targets (N, Z), the next z or its change, and its
        gradients by the outputs of Z_LAYERS.
        """
