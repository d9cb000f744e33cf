"""What lies between an environment and V, M and C: observations to views, actions to controls."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.area_resize import AreaResize
from worldmodels.envs.carracing.env import FRAME_SHAPE
from worldmodels.pipeline.config.env_params import CarRacingParams, DoomParams, RacingParams
from worldmodels.pipeline.storage.pixels import to_pixels

Array = NDArray[Any]


class Adapter(Protocol):
    """The way from an environment's observations to V's, and from C's actions to its own."""

    environment: str  # Gymnasium's name of it
    env_kwargs: dict[str, Any]  # of `gymnasium.make`, which then gives what V sees
    frame_skip: int  # frames that an action is repeated for
    frame_shape: tuple[int, int, int]  # of an observation of the environment
    observation_shape: tuple[int, int, int]  # of an observation of V
    action_size: int  # numbers of an action of C

    def view(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Observations for V (N, h, w, c) in [0, 1], of the environment's (N, *frame_shape)."""

    def controls(self, actions: Array) -> Array:
        """The environment's actions, of C's (N, A)."""


class CarRacingAdapter:
    """Gymnasium's CarRacing: views are area means of the frame above its bar of indicators.

    C's actions are steer and pedal, the environment's steer, gas and brake.
    """

    environment = "CarRacing-v3"
    frame_shape = (96, 96, 3)
    action_size = 2

    def __init__(self, params: CarRacingParams) -> None:
        self.env_kwargs = {"max_episode_steps": params.max_steps * params.frame_skip}
        self.frame_skip = params.frame_skip
        self.observation_shape = params.view.shape
        self._resize = AreaResize(FRAME_SHAPE, (params.view.height, params.view.width))

    def view(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Adapter`."""
        return self._resize(frames[:, : FRAME_SHAPE[0]])

    def controls(self, actions: Array) -> Array:
        """See `Adapter`."""
        steer, pedal = actions.T
        return np.stack([steer, np.maximum(pedal, 0), np.maximum(-pedal, 0)], axis=1)


class RacingAdapter:
    """The racing environment: views are its observations, in bytes; actions are its own."""

    environment = "WorldModels/Racing-v0"
    frame_skip = 1
    action_size = 2

    def __init__(self, params: RacingParams) -> None:
        view = params.view
        self.env_kwargs = {
            "max_episode_steps": params.max_steps,
            "view_size": view.size,
            "channels": view.channels,
            "view_reach": view.reach,
        }
        self.frame_shape = self.observation_shape = view.shape

    def view(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Adapter`."""
        return to_pixels(frames)

    def controls(self, actions: Array) -> Array:
        """See `Adapter`."""
        return actions.copy()


class DoomAdapter:
    """Take Cover as `worldmodels.gym` has it: views are its observations, in bytes; actions are its
    own. An action is repeated for some tics by the environment.
    """

    environment = "WorldModels/TakeCover-v0"
    frame_skip = 1
    action_size = 1

    def __init__(self, params: DoomParams) -> None:
        self.env_kwargs = {
            "max_episode_steps": params.max_steps,
            "view": (params.view.height, params.view.width),
            "frame_skip": params.frame_skip,
        }
        self.frame_shape = self.observation_shape = params.view.shape

    def view(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Adapter`."""
        return to_pixels(frames)

    def controls(self, actions: Array) -> Array:
        """See `Adapter`."""
        return actions.copy()


def make_adapter(params: CarRacingParams | DoomParams | RacingParams) -> Adapter:
    """The adapter of the environment that the section `env` of the params describes."""
    if isinstance(params, CarRacingParams):
        return CarRacingAdapter(params)
    return DoomAdapter(params) if isinstance(params, DoomParams) else RacingAdapter(params)
