"""M for a z with places: a convolutional LSTM over the columns of a picture.

Read `ColumnNetwork.forward` in column_network.py first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import numpy as np

from worldmodels.memory.column_network import MAX_LOG_STD, ColumnNetwork, NetworkTrace, limited
from worldmodels.memory.conv_lstm_arrays import (
    HEAD_KERNEL,
    OUTCOME_SHAPES,
    SHAPES,
    Z_KERNEL,
    constant_arrays,
    initial_arrays,
    pop_constants,
    pop_reward_range,
)
from worldmodels.memory.mixture import gaussian_nll
from worldmodels.memory.recurrent import RecurrentMemory, change_array, pop_change, total
from worldmodels.memory.reward_done import bounded_reward, reward_done_losses
from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.conv_lstm import KERNEL
from worldmodels.nn.layers import dense, dense_backward, relu
from worldmodels.nn.lstm import step_slices
from worldmodels.nn.parameters import Array, Parameters, match_shapes


class ConvLSTMMemory(RecurrentMemory):
    """A convolutional LSTM of H units for each of P columns; see `RecurrentMemory`.

    z has K numbers of each column, as that of a V whose `columns` are P. A column's gates see z of
    five columns, h of three and of all in the mean, the action and the place; its head, a hidden
    layer of R rectified units, sees the new h and z of three columns, the action and the place,
    and predicts a Gaussian for each number of the column. The reward and the end have a hidden
    layer of R units on the h and z of all columns and the action. h and c are those of all columns,
    one after the other.

    In training, M may be given its own prediction of z, the mean, in place of the recorded one
    where a batch says so (scheduled sampling, Bengio et al. 2015); the gradient runs through it.

    Args:
        arrays: of SHAPES, of OUTCOME_SHAPES if M predicts rewards and ends, `predicts_change`,
            which is true, if it predicts the change of z; and three numbers: `columns`, `min_std`,
            which is added to every standard deviation, and `action_threshold`: if it is above 0, M
            sees of an action only whether it is above it, below its negative, or between. With
            OUTCOME_SHAPES also `reward_range`, what rewards lie in, see `reward_done_losses`.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of such an M.
    """

    kind = "conv_lstm"
    unit = "nats"

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        arrays = dict(arrays)
        change = pop_change(arrays)
        self.columns, self.min_std, self.action_threshold = pop_constants(arrays)
        outcome = not OUTCOME_SHAPES.keys().isdisjoint(arrays)
        if outcome:
            self.reward_range = pop_reward_range(arrays)
        sizes = match_shapes(arrays, SHAPES | (OUTCOME_SHAPES if outcome else {}))
        units, numbers = sizes["H"], sizes["K"]
        features = sizes["I"] - KERNEL * units - Z_KERNEL * numbers
        action_size = (features - 2) // 2
        head_inputs = HEAD_KERNEL * (units + numbers) + features
        outcome_inputs = self.columns * (units + numbers) + 2 * action_size
        if (
            action_size < 1
            or features % 2
            or sizes["J"] != head_inputs
            or sizes.get("M", outcome_inputs) != outcome_inputs
        ):
            raise ValueError(f"the sizes {sizes} do not fit {self.columns} columns")
        parameters = Parameters(arrays, dtype)
        sizes_of_all = self.columns * numbers, action_size, self.columns * units
        super().__init__(parameters, *sizes_of_all, change)
        self._network = ColumnNetwork(parameters, self.columns, change)

    @classmethod
    def initial(
        cls,
        z_size: int,
        action_size: int,
        hidden: int,
        rng: np.random.Generator,
        *,
        columns: int,
        head_hidden: int,
        min_std: float = 0.01,
        predict_change: bool = False,
        predict_reward_done: bool = False,
        action_threshold: float = 0.0,
        reward_range: tuple[float, float] = (0.0, 1.0),
    ) -> Self:
        """An untrained M; see `initial_arrays`, and for the constants the class.

        Raises:
            ValueError: z cannot be split into columns, or there is no hidden layer before the
                heads.
        """
        if z_size % columns:
            raise ValueError(f"z of {z_size} numbers cannot be split into {columns} columns")
        arrays = initial_arrays(
            z_size, action_size, hidden, columns, head_hidden, predict_reward_done, rng
        )
        numbers = columns, min_std, action_threshold
        constants = constant_arrays(*numbers, reward_range if predict_reward_done else None)
        return cls(arrays | constants | change_array(predict_change))

    def arrays(self) -> dict[str, Array]:
        """The arrays of a file, which the constructor takes."""
        numbers = self.columns, self.min_std, self.action_threshold
        return {**super().arrays(), **constant_arrays(*numbers, self.reward_range)}

    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c (B, P * H), given z (B, Z), actions (B, A), and h and c."""
        return self._network.step(z, self._seen(actions), h, c)

    def head_features(self, h: Array, z: Array, actions: Array) -> Array:
        """The hidden layers before the heads (N, P * R), and of the reward and the end (N, R)."""
        return self._with_outcome(self._network.head(h, z, self._seen(actions)), h, z, actions)

    def states(self, sequences: PackedSequences, with_c: bool = False) -> Array:
        """h (N, P * H), or [c; h], after every step, from a state of zeros."""
        shape = (len(sequences.z), self.hidden_size)
        hidden, cells = (np.zeros(shape, self.parameters.flat.dtype) for _ in range(2))
        h, c = np.zeros((2, int(sequences.batch_sizes[0]), self.hidden_size), hidden.dtype)
        for now in step_slices(sequences.batch_sizes):
            count = now.stop - now.start
            h, c = self.step(sequences.z[now], sequences.actions[now], h[:count], c[:count])
            hidden[now], cells[now] = h, c
        return np.concatenate([cells, hidden], axis=1) if with_c else hidden

    def loss(self, sequences: PackedSequences) -> float:
        """The training loss."""
        if sequences.own is None:
            return super().loss(sequences)
        trace = self._forward(sequences)
        h = trace.hidden.reshape(len(trace.z), -1)
        features = self._with_outcome(trace.head, h, trace.z, sequences.actions)
        return total(self.losses(features, sequences._replace(z=trace.z)))

    def losses(self, head_features: Array, sequences: PackedSequences) -> dict[str, float]:
        """The terms of the loss: `z` and, with those heads, those of `reward_done_losses`."""
        loss, _ = self._z_loss(self._z_outputs(head_features), sequences)
        return {"z": loss, **self._outcome_losses(head_features, sequences)[0]}

    def loss_and_gradient(self, sequences: PackedSequences) -> tuple[float, Parameters]:
        """The loss and its gradient by all parameters, through all T steps."""
        trace, p, gradient = self._forward(sequences), self.parameters, self.parameters.zeros_like()
        given = sequences._replace(z=trace.z)
        h = trace.hidden.reshape(len(trace.z), -1)
        features = self._with_outcome(trace.head, h, trace.z, sequences.actions)
        loss, dz_outputs = self._z_loss(self._z_outputs(features), given)
        losses, doutcome = self._outcome_losses(features, given)
        dstates = np.zeros((len(h), self.hidden_size + self.z_size), h.dtype)  # of h and z
        if doutcome:
            units = self._outcome_features(features)
            dunits = np.zeros_like(units)
            for name, dy in doutcome.items():
                dunits += dense_backward(dy, units, p, gradient, name)
            dunits *= units > 0
            inputs = self._outcome_inputs(h, trace.z, sequences.actions)
            dstates = dense_backward(dunits, inputs, p, gradient, "outcome")
        dh, dz, _ = np.split(dstates, [self.hidden_size, self.hidden_size + self.z_size], axis=1)
        dhead, dgates = self._network.backward(
            trace, sequences.batch_sizes, sequences.own, dz_outputs, dh, dz
        )
        self._network.fill_gradient(trace, dz_outputs, dhead, dgates, gradient)
        return total({"z": loss, **losses}), gradient

    def _forward(self, sequences: PackedSequences) -> NetworkTrace:
        seen = self._seen(sequences.actions)
        return self._network.forward(sequences.z, seen, sequences.batch_sizes, sequences.own)

    def _outcome_inputs(self, h: Array, z: Array, actions: Array) -> Array:
        return np.concatenate([h, limited(z), self._seen(actions)], axis=1, dtype=h.dtype)

    def _with_outcome(self, head: Array, h: Array, z: Array, actions: Array) -> Array:
        """The head features: those of the columns, and of the reward and the end."""
        features = head.reshape(len(head), self.columns * self._network.head_units)
        if not self.predicts_reward_done:
            return features
        inputs = self._outcome_inputs(h, z, actions)
        return np.concatenate([features, relu(dense(inputs, self.parameters, "outcome"))], axis=1)

    def _z_outputs(self, head_features: Array) -> Array:
        """Means and log deviations (N, P, 2, K)."""
        return self._network.z_outputs(head_features[:, : self.columns * self._network.head_units])

    def _mean(self, head_features: Array) -> Array:
        return self._z_outputs(head_features)[:, :, 0].reshape(len(head_features), self.z_size)

    def _sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """See `RecurrentMemory`; the temperature multiplies the variance."""
        outputs = self._z_outputs(head_features)
        mean, log_std = (outputs[:, :, part].reshape(normal.shape) for part in (0, 1))
        z: Array = mean + math.sqrt(temperature) * (np.exp(log_std) + self.min_std) * normal
        return z

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """See `RecurrentMemory`."""
        reward, done = super().reward_and_done(self._outcome_features(head_features))
        return (bounded_reward(reward, self.reward_range) if self.reward_range else reward), done

    def _outcome_features(self, head_features: Array) -> Array:
        return head_features[:, self.columns * self._network.head_units :]

    def _z_loss(self, outputs: Array, sequences: PackedSequences) -> tuple[float, Array]:
        """Negative log-likelihood in nats per dimension, and its gradient by the outputs."""
        targets = sequences.z_next - sequences.z if self.predicts_change else sequences.z_next
        x = self._network.by_column(targets)
        nll, dmean, dlog_std = gaussian_nll(outputs[:, :, 0], outputs[:, :, 1], x, self.min_std)
        dlog_std *= outputs[:, :, 1] < MAX_LOG_STD
        doutputs = np.stack([dmean, dlog_std], axis=2)
        doutputs /= nll.size
        return float(nll.mean()), doutputs

    def _outcome_losses(
        self, head_features: Array, sequences: PackedSequences
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """See `reward_done_losses`; nothing where M predicts no reward."""
        if not self.predicts_reward_done:
            return {}, {}
        features = self._outcome_features(head_features)
        weights = self.reward_weight, self.done_weight
        return reward_done_losses(self.parameters, features, sequences, *weights, self.reward_range)

    def _seen(self, actions: Array) -> Array:
        """What M sees of actions (N, A): they themselves, or their direction, and its size."""
        actions = actions.astype(self.parameters.flat.dtype, copy=False)
        if self.action_threshold:
            actions = np.sign(actions) * (np.abs(actions) > self.action_threshold)
        return np.concatenate([actions, np.abs(actions)], axis=1)
