"""`WorldModels/Racing-v0`: one car of the racing environment, by Gymnasium's rules."""

from __future__ import annotations

import sys
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.gym.arguments import check_actions, check_view
from worldmodels.gym.rendering import (
    Picture,
    check_render_mode,
    track_picture,
    warn_of_no_render_mode,
    with_car,
)
from worldmodels.gym.tracks import Tracks, track_option
from worldmodels.gym.window import Window

Array = NDArray[Any]

NO_LIMIT = sys.maxsize  # steps; Gymnasium's TimeLimit truncates episodes
ROW = np.array([0])
FRAMES_PER_SECOND = 20


class RacingGymEnv(gymnasium.Env[NDArray[np.uint8], NDArray[np.float32]]):
    """A car on a track that it has never seen; `gymnasium.make("WorldModels/Racing-v0")`.

    Action space: Box(-1, 1, (2,), float32), steer (left is positive) and throttle.
    Observation space: Box(0, 255, (view_size, view_size, channels), uint8): the road from above,
        turned so that the car drives upwards. The car is in the middle.
    Rewards: 30 * (fraction of a lap gained) - 0.5 * max(0, distance - half-width).
    Starting state: on the centreline, heading along it, at speed 0. The track alone is random.
    Episode end: terminated beyond twice the half-width from the centreline; truncated by
        `max_episode_steps` of `gymnasium.make`, 120 if it is not given.
    Options of `reset`: `track`, a `worldmodels.gym.Track`, for this episode.
    Info: `state` (4,): x, y, theta, v; `distance` from the centreline (world units);
        `lap_fraction`, laps since the start.

    Args:
        render_mode: None, "rgb_array" or "human": the track and the car from above.
        tracks: "random", a new one at each reset, or "fixed", always that of the reference stub.
        view_size: pixels along one side of an observation, 2 to 512.
        channels: 1 (the road or not) or 3 (red, green, blue).
        view_reach: the distance visible ahead, behind, left and right (world units), up to 24.

    Raises:
        ValueError: an argument is not possible.
    """

    metadata = {  # noqa: RUF012  (as Gymnasium declares it)
        "render_modes": ["human", "rgb_array"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        tracks: Literal["random", "fixed"] = "random",
        view_size: int = 64,
        channels: int = 3,
        view_reach: float = 4.0,
    ) -> None:
        check_render_mode(render_mode, self.metadata)
        self.render_mode = render_mode
        self._tracks = Tracks(tracks)
        self._view = size, channels, _ = check_view(view_size, channels, view_reach)
        self.observation_space = gymnasium.spaces.Box(0, 255, (size, size, channels), np.uint8)
        self.action_space = gymnasium.spaces.Box(-1, 1, (RacingEnv.action_size,), np.float32)
        self._env: RacingEnv | None = None
        self._window = Window("WorldModels/Racing-v0", FRAMES_PER_SECOND)

    @property
    def track(self) -> Track:
        """The track of the present episode.

        Raises:
            ResetNeeded: there is none yet.
        """
        return self._started().tracks[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start an episode: observation, info.

        Args:
            seed: of the tracks of this episode and those that follow.
            options: see the class.

        Raises:
            ValueError: an option is not known, or the track is none.
        """
        super().reset(seed=seed)
        track = self._tracks.draw(self.np_random, track_option(options))
        if self._env is None:
            self._env = RacingEnv([track], 1, NO_LIMIT, *self._view, as_bytes=True)
        else:
            self._env.reset_rows(ROW, [track])
        self._background: Picture | None = None  # drawn when it is looked at
        observations, info = self._env.observe(ROW)
        self._show()
        return observations[0], _first(info)

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """One step: observation, reward, terminated, truncated (never), info.

        Raises:
            ResetNeeded: there was no reset.
            ValueError: the action is not two real numbers, or one of them is NaN.
        """
        env = self._started()
        action = check_actions(action, (2,), "an action must be two numbers, steer and throttle")
        observations, rewards, terminated, _, info = env.step(action[None])
        self._show()
        return observations[0], float(rewards[0]), bool(terminated[0]), False, _first(info)

    def render(self) -> Picture | None:
        """The track with the car, (600, 600, 3), if the render mode is "rgb_array".

        Raises:
            ResetNeeded: there was no reset.
        """
        if self.render_mode is None:
            warn_of_no_render_mode()
        if self.render_mode != "rgb_array":
            return None
        return self._picture()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._window.close()

    def _started(self) -> RacingEnv:
        if self._env is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        return self._env

    def _show(self) -> None:
        if self.render_mode == "human":
            self._window.show(self._picture())

    def _picture(self) -> Picture:
        env = self._started()
        if self._background is None:
            self._background = track_picture(self.track)
        x, y, theta, _ = env.observe(ROW)[1]["state"][0]
        return with_car(self._background, self.track, x, y, theta)


def _first(info: dict[str, Array]) -> dict[str, Any]:
    """The info of a batch of one as that of a single environment."""
    return {
        name: values[0] if values.ndim > 1 else float(values[0]) for name, values in info.items()
    }
