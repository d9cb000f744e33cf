"""The base class of all kinds of M: a recurrent network with output heads.

A head predicts the next z; two optional ones predict the step's reward and whether it ends the
episode.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from worldmodels.memory.sequences import PackedSequences
from worldmodels.nn.layers import dense, sigmoid
from worldmodels.nn.parameters import Array, Parameters

CHANGE = "predicts_change"  # array of a file, there if M predicts the change of z


class RecurrentMemory(ABC):
    """A recurrent network that maps [z_t, a_t] to the next z and, optionally, reward and done.

    The heads for z predict the next z or, with `predict_change`, its change (residual prediction);
    `predict` and `sample` return the next z either way.

    The loss is the error of the next z per step and latent dimension. With the reward and done
    heads it is a sum: it adds the squared error of the reward (the cross-entropy, if the M has a
    `reward_range`), times `reward_weight`, and the binary cross-entropy of done in nats, per step
    each; steps that end an episode count `done_weight` times in the latter, see
    `reward_done_losses`.

    Args:
        parameters: of all layers, `reward` and `done` included if it predicts them.
        z_size: latent dimensions, Z.
        action_size: numbers of an action, A.
        hidden_size: numbers of h, and of c, H.
        predict_change: whether the heads predict the change of z.
    """

    kind: ClassVar[str]
    unit: ClassVar[str]  # of the error of the next z
    reward_range: tuple[float, float] | None = None  # what predictions lie in, if the head is one
    columns = 1  # of a picture, that z has the numbers of; more only where M tells them apart

    def __init__(
        self,
        parameters: Parameters,
        z_size: int,
        action_size: int,
        hidden_size: int,
        predict_change: bool,
    ) -> None:
        self.parameters = parameters
        self.z_size, self.action_size, self.hidden_size = z_size, action_size, hidden_size
        self.predicts_change = predict_change
        self.predicts_reward_done = "done.weight" in parameters
        self.set_loss_weights(1.0)

    def set_loss_weights(self, reward: float, done: float = 1.0) -> None:
        """Set the weights of the reward's error and of ends of episodes in the loss."""
        self.reward_weight, self.done_weight = reward, done

    def arrays(self) -> dict[str, Array]:
        """The arrays of a file, which the constructor takes."""
        return {**self.parameters, **change_array(self.predicts_change)}

    @abstractmethod
    def step(self, z: Array, actions: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c (B, H), given z (B, Z), actions (B, A), and h and c (B, H)."""

    @abstractmethod
    def head_features(self, h: Array, z: Array, actions: Array) -> Array:
        """Input of the output heads (..., R).

        Args:
            h: (..., H), the state after the step.
            z: (..., Z), before the step.
            actions: (..., A), of the step.
        """

    def predict(self, head_features: Array, z: Array) -> Array:
        """The mean of the next z (..., Z), given head features (..., R) and z (..., Z)."""
        mean = self._mean(head_features)
        return z + mean if self.predicts_change else mean

    def sample(
        self, head_features: Array, z: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A sample of the next z (..., Z).

        Args:
            head_features: (..., R), see `head_features`.
            z: (..., Z), before the step.
            uniform: noise (..., Z) in [0, 1).
            normal: noise (..., Z) ~ N(0, 1).
            temperature: above 0: 1 as learned, above 1 more random, towards 0 deterministic.
        """
        sample = self._sample(head_features, uniform, normal, temperature)
        return z + sample if self.predicts_change else sample

    @abstractmethod
    def _mean(self, head_features: Array) -> Array:
        """The mean of what the heads predict (..., Z)."""

    @abstractmethod
    def _sample(
        self, head_features: Array, uniform: Array, normal: Array, temperature: float
    ) -> Array:
        """A sample of it (..., Z); for the arguments see `sample`."""

    def calibrate(self, residual: Array) -> None:
        """Set the standard deviation (Z,) of the prediction error, where it is not learned."""
        return

    def reward_and_done(self, head_features: Array) -> tuple[Array, Array]:
        """The reward of the step and the probability that it ends the episode, (...) each.

        Args:
            head_features: (..., R), see `head_features`.

        Raises:
            ValueError: this M has no such heads.
        """
        if not self.predicts_reward_done:
            raise ValueError("this M predicts neither rewards nor ends of episodes")
        reward, done = (dense(head_features, self.parameters, name) for name in ("reward", "done"))
        return reward, sigmoid(done)

    @abstractmethod
    def states(self, sequences: PackedSequences, with_c: bool = False) -> Array:
        """h (N, H), or [c; h] (N, 2H), after every step, from a state of zeros."""

    def loss(self, sequences: PackedSequences) -> float:
        """The training loss."""
        states = self.states(sequences)
        head_features = self.head_features(states, sequences.z, sequences.actions)
        return total(self.losses(head_features, sequences))

    @abstractmethod
    def losses(self, head_features: Array, sequences: PackedSequences) -> dict[str, float]:
        """The terms of the loss: `z` and, with those heads, those of `reward_done_losses`."""

    @abstractmethod
    def loss_and_gradient(self, sequences: PackedSequences) -> tuple[float, Parameters]:
        """The loss and its gradient by all parameters, through all T steps."""


def change_array(predict_change: bool) -> dict[str, Array]:
    """The array of a file that says so if M predicts the change of z."""
    return {CHANGE: np.array(True)} if predict_change else {}


def pop_change(arrays: dict[str, Array]) -> bool:
    """Take that array out of those of a file: whether M predicts the change of z.

    Raises:
        ValueError: it is something else.
    """
    change = arrays.pop(CHANGE, None)
    if change is not None and (change.shape or not change):
        raise ValueError(f"array '{CHANGE}' must be true or left out, found {change}")
    return change is not None


def total(losses: Mapping[str, float]) -> float:
    """The loss: its terms added from left to right, which built-in `sum` no longer does."""
    return float(np.cumsum([*losses.values()])[-1])
