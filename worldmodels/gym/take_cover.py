"""`WorldModels/TakeCover-v0`: a game of ViZDoom's Take Cover, by Gymnasium's rules."""

from __future__ import annotations

import sys
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import DependencyNotInstalled, ResetNeeded
from numpy.typing import NDArray

from worldmodels.envs.doom.engine import require_vizdoom
from worldmodels.envs.doom.env import VIEWS, DoomEnv
from worldmodels.gym.arguments import check_actions, check_integer, check_options
from worldmodels.gym.rendering import Picture, check_render_mode, enlarged, warn_of_no_render_mode
from worldmodels.gym.window import Window
from worldmodels.pipeline.storage.pixels import to_bytes

ID = "WorldModels/TakeCover-v0"
NO_LIMIT = sys.maxsize  # steps; Gymnasium's TimeLimit truncates episodes
FRAMES_PER_SECOND = 9  # steps of 4 tics of 1/35 s
TEST_GAMES = 1 << 16  # seeds below are for tests, and are never drawn
GAMES = 1 << 31
NO_ROWS = np.zeros(0, np.intp)


class TakeCoverGymEnv(gymnasium.Env[NDArray[np.uint8], NDArray[np.float32]]):
    """A game in an engine of its own; `gymnasium.make("WorldModels/TakeCover-v0")`.

    It needs ViZDoom, and Linux. `DoomEnv` has the rules.

    Action space: Box(-1, 1, (1,), float32): above 1/3 to the right, below -1/3 to the left.
    Observation space: Box(0, 255, (*view, 3), uint8).
    Rewards: 1 for every tic of a step, the one of the player's death included.
    Starting state: that of a game's seed, drawn from 65,536 to 2^31 - 1.
    Episode end: terminated when the player dies; truncated by `max_episode_steps` of
        `gymnasium.make`, 525 if it is not given: 2,100 tics with the frame skip of 4.
    Options of `reset`: `game`, its seed, for this episode. Those of this project's tests are 0, 1,
        2 and so on.
    Info: `health` of the player, `tics` of the step.

    Args:
        render_mode: None, "rgb_array" or "human": the observation.
        view: height and width of an observation: (28, 80), the band of the horizon, or (64, 64),
            the paper's.
        frame_skip: tics in a step.

    Raises:
        DependencyNotInstalled: ViZDoom is not installed, or this is not Linux.
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
        view: tuple[int, int] = (28, 80),
        frame_skip: int = 4,
    ) -> None:
        check_render_mode(render_mode, self.metadata)
        try:
            require_vizdoom()
        except ImportError as error:
            raise DependencyNotInstalled(str(error)) from None
        if view not in [*VIEWS]:  # a list is no key
            known = " or ".join(map(str, VIEWS))
            raise ValueError(f"view must be {known}; found {view!r}")
        self.render_mode = render_mode
        self._camera = VIEWS[view]
        self._frame_skip = check_integer("frame_skip", frame_skip, 1)
        self.observation_space = gymnasium.spaces.Box(0, 255, (*view, 3), np.uint8)
        self.action_space = gymnasium.spaces.Box(-1, 1, (DoomEnv.action_size,), np.float32)
        self._env: DoomEnv | None = None
        self._window = Window(ID, FRAMES_PER_SECOND)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start a game: observation, info.

        Args:
            seed: of the games of this episode and those that follow.
            options: see the class.

        Raises:
            ValueError: an option is not known, or the game is none.
        """
        super().reset(seed=seed)
        drawn = int(self.np_random.integers(TEST_GAMES, GAMES))
        game = check_options(options, "game").get("game", drawn)
        game = check_integer("options['game']", game, 0, GAMES - 1)
        self._end_game()
        self._env = DoomEnv([game], 1, NO_LIMIT, self._camera, self._frame_skip)
        observations, info = self._env.reset()
        return self._observed(observations), _first(info)

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """One step: observation, reward, terminated, truncated (never), info.

        Raises:
            ResetNeeded: there was no reset.
            ValueError: the action is not one real number, or is NaN.
            RuntimeError: several engines in a row were lost.
        """
        if self._env is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        action = check_actions(action, (1,), "an action must be one number")
        observations, rewards, terminated, _, info = self._env.step(action[None])
        observation = self._observed(observations)
        return observation, float(rewards[0]), bool(terminated[0]), False, _first(info)

    def render(self) -> Picture | None:
        """The observation, if the render mode is "rgb_array".

        Raises:
            ResetNeeded: there was no reset.
        """
        if self.render_mode is None:
            warn_of_no_render_mode()
        if self.render_mode != "rgb_array":
            return None
        if self._env is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        return self._observation.copy()

    def close(self) -> None:
        """Close the window, if there is one; another game can have the engine."""
        self._end_game()
        self._window.close()

    def _end_game(self) -> None:
        if self._env is not None:
            self._env.keep(NO_ROWS)
            self._env = None

    def _observed(self, observations: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The only observation of a batch in bytes; shown, if the render mode is "human"."""
        self._observation: Picture = to_bytes(observations[0])
        if self.render_mode == "human":
            self._window.show(enlarged(self._observation))
        return self._observation.copy()


def _first(info: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """The info of a batch of one."""
    return {name: int(info[name][0]) for name in ("health", "tics")}
