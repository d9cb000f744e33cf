"""V, M and C of a trained agent, each usable alone; all take one row or a batch of rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.controller.controller import Controllers, Layer
from worldmodels.interfaces import PolicyState
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.pretrained.adapters import Adapter, Array
from worldmodels.vision.registry import AnyVision


class MemoryState(NamedTuple):
    """The state of M's LSTM, (H,) each, or (N, H)."""

    h: Array
    c: Array


class Prediction(NamedTuple):
    """What M predicts of the next step."""

    z: Array  # (Z,) or (N, Z), the mean
    reward: Array  # () or (N,); NaN if this M predicts none
    p_done: Array  # () or (N,), the probability that the episode ends; NaN likewise


class PretrainedVision:
    """V: pictures of the environment to z, and z to pictures.

    Args:
        model: V.
        adapter: of the environment.
    """

    def __init__(self, model: AnyVision, adapter: Adapter) -> None:
        self.model = model
        self.z_size = model.z_size
        self._adapter = adapter

    def view(self, observation: ArrayLike) -> NDArray[np.float32]:
        """What V sees of an observation: (h, w, c) in [0, 1], or (N, h, w, c)."""
        rows, single = frames(observation, self._adapter)
        return unbatch(self._adapter.view(rows), single)

    def encode(self, observation: ArrayLike) -> Array:
        """z (Z,), the mean if V gives a distribution, or (N, Z).

        Args:
            observation: the environment's, bytes, or a batch of them.

        Raises:
            ValueError: it is of another shape or type.
        """
        rows, single = frames(observation, self._adapter)
        return unbatch(self.model.encode(self._adapter.view(rows)), single)

    def decode(self, z: ArrayLike) -> NDArray[np.uint8]:
        """Pictures (h, w, c), or (N, h, w, c), of z (Z,) or (N, Z).

        Raises:
            ValueError: z has another number of entries.
        """
        rows, single = batch("z", z, self.z_size)
        pictures = to_bytes(self.model.decode(rows))
        return unbatch(pictures.reshape(len(rows), *self._adapter.observation_shape), single)


class PretrainedMemory:
    """M: z and an action to its next state, and from that the next z.

    Actions are C's. Of an ensemble this is the first member, whose h C sees.

    Args:
        ensemble: one or several Ms.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.model = ensemble.members[0]
        self.ensemble = ensemble
        self.z_size, self.action_size = ensemble.z_size, ensemble.action_size
        self.hidden_size = ensemble.hidden_size

    def step(
        self, z: ArrayLike, action: ArrayLike, state: MemoryState | None = None
    ) -> MemoryState:
        """The state after a step.

        Args:
            z: (Z,), or (N, Z).
            action: (A,), or (N, A).
            state: before the step; None: zeros, as at the start of an episode.

        Raises:
            ValueError: the arrays are of other shapes.
        """
        z_rows, single = batch("z", z, self.z_size)
        action_rows, _ = batch("the action", action, self.action_size)
        zeros = np.zeros((len(z_rows), self.hidden_size), np.float32)
        h, _ = batch("h", zeros if state is None else state.h, self.hidden_size)
        c, _ = batch("c", zeros if state is None else state.c, self.hidden_size)
        if len({len(z_rows), len(action_rows), len(h), len(c)}) > 1:
            raise ValueError(
                f"z, actions and states should be equally many; found {len(z_rows)}, "
                f"{len(action_rows)} and {len(h)}"
            )
        after = self.model.step(z_rows, action_rows, h, c)
        return MemoryState(*(unbatch(array, single) for array in after))

    def predict(self, state: MemoryState) -> Prediction:
        """The mean of the next z, the reward and the probability of the end, after a step.

        Raises:
            ValueError: h has another size.
        """
        h, single = batch("h", state.h, self.hidden_size)
        features = self.model.head_features(h)
        reward = p_done = np.full(len(h), np.nan, np.float32)
        if self.model.predicts_reward_done:
            reward, p_done = self.model.reward_and_done(features)
        z = self.model.predict(features)
        return Prediction(*(unbatch(array, single) for array in (z, reward, p_done)))


class PretrainedController:
    """C: z and h to an action. Its weights may be changed in place.

    Args:
        model: one controller.
    """

    def __init__(self, model: Controllers) -> None:
        self.model = model

    @property
    def layers(self) -> list[Layer]:
        """The weight (O, I) and bias (O,) of each layer, one if C is linear; not copies."""
        return [Layer(layer.weight[0], layer.bias[0]) for layer in self.model.layers]

    @property
    def weight(self) -> Array:
        """The weight (A, F) of the last layer, whose inputs are [z; h], or z, if C is linear."""
        return self.layers[-1].weight

    @property
    def bias(self) -> Array:
        """The bias (A,) of the last layer."""
        return self.layers[-1].bias

    def __call__(self, z: ArrayLike, h: ArrayLike) -> Array:
        """The action (A,) in (-1, 1), given z (Z,) and h (H,), or a batch of each."""
        z_rows, h_rows = (np.atleast_2d(np.asarray(each, np.float32)) for each in (z, h))
        features = PolicyState(h_rows).features(z_rows)[:, : self.model.features]
        actions = self.model.repeated(len(features)).act(features)
        return unbatch(actions, np.ndim(z) == 1)


def frames(observation: ArrayLike, adapter: Adapter) -> tuple[NDArray[np.uint8], bool]:
    """Observations as a batch, and whether there was but one.

    Raises:
        ValueError: they are not bytes of the environment's shape.
    """
    array, shape = np.asarray(observation), adapter.frame_shape
    if array.dtype != np.uint8 or array.shape[-3:] != shape or array.ndim > 4:
        raise ValueError(
            f"an observation should be uint8 {shape}, as {adapter.environment} gives it, or a "
            f"batch of them; found {array.dtype} {array.shape}"
        )
    return (array[None], True) if array.ndim == 3 else (array, False)


def batch(name: str, value: ArrayLike, size: int) -> tuple[NDArray[np.float32], bool]:
    """A vector or a batch of vectors as a batch (N, size), and whether there was but one.

    Raises:
        ValueError: they are of another size.
    """
    array = np.asarray(value, np.float32)
    if array.shape[-1:] != (size,) or array.ndim > 2:
        raise ValueError(f"{name} should have {size} numbers a row; found {array.shape}")
    return (array[None], True) if array.ndim == 1 else (array, False)


def unbatch(array: Array, single: bool) -> Array:
    """The only row, if there was but one; the whole batch otherwise."""
    return array[0] if single else array
