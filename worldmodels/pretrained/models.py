"""V, M and C of a trained agent, each usable alone; all take one row or a batch of rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.controller.controller import Controllers, Layer
from worldmodels.interfaces import PolicyState, feature_counts
from worldmodels.memory.ensemble import Ensemble
from worldmodels.pipeline.storage.pixels import to_bytes
from worldmodels.pretrained.adapters import Adapter, Array
from worldmodels.pretrained.batches import batch, check_equal_rows, unbatch
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
        self.predicts_reward_done = ensemble.predicts_reward_done
        self.predicts_change = self.model.predicts_change

    def step(
        self, z: ArrayLike, action: ArrayLike, state: MemoryState | None = None
    ) -> MemoryState:
        """The state after a step.

        Args:
            z: (Z,), or (N, Z).
            action: (A,), or (N, A).
            state: (h, c) before the step; None: zeros, as at the start of an episode.

        Raises:
            ValueError: the arrays are of other shapes, or not finite.
        """
        z_rows, single = batch("z", z, self.z_size)
        action_rows, _ = batch("the action", action, self.action_size)
        if state is None:
            h = c = np.zeros((len(z_rows), self.hidden_size), np.float32)
        else:
            h, c, _ = self._rows_of(state)
        check_equal_rows(z=z_rows, actions=action_rows, h=h, c=c)
        after = self.model.step(z_rows, action_rows, h, c)
        return MemoryState(*(unbatch(array, single) for array in after))

    def predict(
        self, state: MemoryState, z: ArrayLike | None = None, action: ArrayLike | None = None
    ) -> Prediction:
        """The mean of the next z, the reward and the probability of the end, after a step.

        Args:
            state: (h, c) after the step.
            z: (Z,), or (N, Z), before the step, for an M that `predicts_change` or a conv_lstm.
            action: (A,), or (N, A), of the step, for a conv_lstm.

        Raises:
            ValueError: one has another size, or is not there and M needs it.
        """
        h, _, single = self._rows_of(state)
        if z is None and self.predicts_change:
            raise ValueError("this M predicts the change of z: predict(state, z) needs z, too")
        if self.model.columns > 1 and (z is None or action is None):
            raise ValueError("the heads of this M see more: predict(state, z, action) needs both")
        z_before, _ = batch("z", np.zeros((len(h), self.z_size)) if z is None else z, self.z_size)
        check_equal_rows(z=z_before, h=h)
        given = np.zeros((len(h), self.action_size)) if action is None else action
        actions, _ = batch("the action", given, self.action_size)
        check_equal_rows(actions=actions, h=h)
        features = self.model.head_features(h, z_before, actions)
        reward = p_done = np.full(len(h), np.nan, np.float32)
        if self.model.predicts_reward_done:
            reward, p_done = self.model.reward_and_done(features)
        z_next = self.model.predict(features, z_before)
        return Prediction(*(unbatch(array, single) for array in (z_next, reward, p_done)))

    def _rows_of(self, state: MemoryState) -> tuple[Array, Array, bool]:
        """h and c as batches, and whether there was but one row."""
        if not isinstance(state, tuple) or len(state) != 2:
            raise ValueError(f"a state should be (h, c), as step returns it; found {type(state)}")
        (h, single), (c, _) = (
            batch(name, each, self.hidden_size) for name, each in zip("hc", state, strict=True)
        )
        return h, c, single


class PretrainedController:
    """C: z and h to an action, and c if it `takes_c`. Its weights may be changed.

    Args:
        model: one controller.
        z_size: numbers of z.
        hidden_size: numbers of h.
    """

    def __init__(self, model: Controllers, z_size: int, hidden_size: int) -> None:
        self.model = model
        self._sizes = {"z": z_size, "h": hidden_size, "c": hidden_size}
        self.takes_c = model.features == feature_counts(z_size, hidden_size)["zch"]

    @property
    def layers(self) -> list[Layer]:
        """The weight (O, I) and bias (O,) of each layer, one if C is linear; not copies."""
        return [Layer(layer.weight[0], layer.bias[0]) for layer in self.model.layers]

    @property
    def weight(self) -> Array:
        """The weight (A, F) of the last layer, whose inputs are z, [z; h] or [z; c; h], if C is
        linear.
        """
        return self.layers[-1].weight

    @weight.setter
    def weight(self, value: ArrayLike) -> None:
        self.layers[-1].weight[...] = value

    @property
    def bias(self) -> Array:
        """The bias (A,) of the last layer."""
        return self.layers[-1].bias

    @bias.setter
    def bias(self, value: ArrayLike) -> None:
        self.layers[-1].bias[...] = value

    def __call__(self, z: ArrayLike, h: ArrayLike, c: ArrayLike | None = None) -> Array:
        """The action (A,) in (-1, 1), given z (Z,), h (H,) and, if C `takes_c`, c (H,); or batches.

        Raises:
            ValueError: the arrays are of other shapes, or not finite, or c is missing.
        """
        given = {"z": z, "h": h}
        if self.takes_c:
            if c is None:
                raise ValueError("this C takes M's c, too: controller(z, h, c)")
            given["c"] = c
        rows = {name: batch(name, each, self._sizes[name])[0] for name, each in given.items()}
        check_equal_rows(**rows)
        state = PolicyState(rows["h"], rows.get("c", rows["h"]), self.takes_c)
        features = state.features(rows["z"])[:, : self.model.features]
        actions = self.model.repeated(len(features)).act(features)
        return unbatch(actions, np.ndim(z) == 1)


def frames(observation: ArrayLike, adapter: Adapter) -> tuple[NDArray[np.uint8], bool]:
    """Observations as a batch, and whether there was but one.

    Raises:
        ValueError: they are not bytes of the environment's shape.
    """
    shape = adapter.frame_shape
    if isinstance(observation, tuple):
        found = "a tuple, such as reset returns: observation and info"
    else:
        array = np.asarray(observation)
        if array.dtype == np.uint8 and array.shape[-3:] == shape and array.ndim == 3:
            return array[None], True
        if array.dtype == np.uint8 and array.shape[1:] == shape and len(array):
            return array, False
        found = f"{array.dtype} {array.shape}"
    raise ValueError(
        f"an observation should be uint8 {shape}, as {adapter.environment} with the agent's "
        f"env_kwargs gives it, or a batch of them; found {found}"
    )
