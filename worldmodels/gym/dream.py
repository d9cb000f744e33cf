"""`WorldModels/Dream-v0`: the dream of a trained agent's M, by Gymnasium's rules."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.gym.arguments import (
    TEMPERATURE,
    check_actions,
    check_integer,
    check_number,
    check_options,
)
from worldmodels.gym.rendering import (
    Picture,
    as_rgb,
    check_render_mode,
    enlarged,
    warn_of_no_render_mode,
)
from worldmodels.gym.window import Window
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.pretrained.loading import DREAM_STARTS, load_dream_starts, load_folder

ID = "WorldModels/Dream-v0"
LATENTS = Path("data", "latents.h5")
LARGEST = np.finfo(np.float32).max
FRAMES_PER_SECOND = 20


class DreamGymEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """What M imagines; `gymnasium.make("WorldModels/Dream-v0", folder=...)`.

    Action space: Box(-1, 1, (A,), float32), as of C in the environment that M was trained on.
    Observation space: Box((Z + H,), float32): z, of any size, and h in [-1, 1], as C sees them; for
        the agent of a C that takes c, Box((Z + 2H,), float32): z, c and h.
    Rewards: M's prediction; of an ensemble the least, as in `DreamEnv`.
    Starting state: one at random of the folder's dream_starts.npz, with M's state after the
        recorded steps before it; without that file, the first frame of a recorded episode in
        data/latents.h5.
    Episode end: terminated with M's probability; truncated after `max_steps`.
    Options of `reset`: `start`, the number of the starting state.
    Info: empty.

    Args:
        render_mode: None, "rgb_array" or "human": V's picture of z.
        folder: with a trained agent, see `worldmodels.load`. It must be given.
        temperature: of the predictions, 1e-9 to 1e9: 1 as learned, above 1 more random, towards 0
            deterministic.
        max_steps: steps after which an episode is truncated; None: as in the environment that M
            was trained on.

    Raises:
        UserError: there is no agent in the folder, its M predicts no rewards, or it has nothing to
            start from.
        ValueError: there is no `folder`, or an argument is not possible.
    """

    metadata = {  # noqa: RUF012  (as Gymnasium declares it)
        "render_modes": ["human", "rgb_array"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        folder: str | PathLike[str] | None = None,
        temperature: float = 1.0,
        max_steps: int | None = None,
    ) -> None:
        check_render_mode(render_mode, self.metadata)
        if not isinstance(folder, str | PathLike):
            raise ValueError(
                "folder must be the path of a trained agent's folder, as in "
                f"gymnasium.make({ID!r}, folder='carracing/released'); found {folder!r}"
            )
        self._temperature = check_number("temperature", temperature, *TEMPERATURE)
        if max_steps is not None:
            max_steps = check_integer("max_steps", max_steps, 1)
        agent = load_folder(folder)
        memory = agent.parts.memory
        if not memory.predicts_reward_done:
            raise UserError(
                f"{folder}: its M predicts neither rewards nor ends of episodes, which a dream "
                "needs; train it with train_m.predict_reward_done: true"
            )
        self.render_mode = render_mode
        self.agent = agent
        self._starts = _Starts(Path(folder), memory.z_size)
        self._max_steps = max_steps or agent.env_params.max_steps
        unbounded = memory.z_size + memory.hidden_size * agent.controller.takes_c
        high = np.repeat([LARGEST, np.float32(1)], [unbounded, memory.hidden_size])
        self.observation_space = gymnasium.spaces.Box(-high, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Box(-1, 1, (memory.action_size,), np.float32)
        self._env: DreamEnv | None = None
        self._window = Window(ID, FRAMES_PER_SECOND)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start a dream: observation, info.

        Args:
            seed: of the starting states and the noise of this episode and those that follow.
            options: see the class.

        Raises:
            ValueError: an option is not known, or there is no such start.
        """
        super().reset(seed=seed)
        start = self._starts.chosen(options, self.np_random)
        memory = self.agent.parts.memory
        first = int(self.np_random.integers(len(memory.members)))  # the one that z comes from
        members = [*memory.members[first:], *memory.members[:first]]
        self._env = DreamEnv(
            members,
            start,
            1,
            self._max_steps,
            self._temperature,
            memory if first else None,
            observe_c=self.agent.controller.takes_c,
        )
        observations, _ = self._env.reset()
        return self._observed(observations), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """One imagined step: observation, reward, terminated, truncated, info.

        Raises:
            ResetNeeded: there was no reset.
            ValueError: the action is not A real numbers, or one of them is NaN.
        """
        if self._env is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        size = self._env.action_size
        action = check_actions(action, (size,), f"an action must be {size} numbers")
        observations, rewards, terminated, truncated, _ = self._env.step(
            np.clip(action[None], -1, 1)
        )
        observation = self._observed(observations)
        return observation, float(rewards[0]), bool(terminated[0]), bool(truncated[0]), {}

    def render(self) -> Picture | None:
        """V's picture of z, as large as an observation, if the render mode is "rgb_array".

        Raises:
            ResetNeeded: there was no reset.
        """
        if self.render_mode is None:
            warn_of_no_render_mode()
        if self.render_mode != "rgb_array":
            return None
        if self._env is None:
            raise ResetNeeded("there is no episode yet: call reset() first")
        return self._picture()

    def close(self) -> None:
        """Close the window, if there is one."""
        self._window.close()

    def _observed(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """The only observation of a batch; shown, if the render mode is "human"."""
        observation: NDArray[np.float32] = observations[0]
        self._z = observation[: self.agent.vision.z_size].copy()
        if self.render_mode == "human":
            self._window.show(enlarged(self._picture()))
        return observation

    def _picture(self) -> Picture:
        return as_rgb(self.agent.vision.decode(self._z))


class _Starts:
    """The states in a folder that dreams start in.

    Raises:
        UserError: there are none, or they are of another V.
    """

    def __init__(self, folder: Path, z_size: int) -> None:
        path, latents = folder / DREAM_STARTS, folder / LATENTS
        if path.exists():
            self._states = load_dream_starts(path)
        elif latents.exists():
            table = Latents.read(latents)
            self._states = StartStates(table.mean[table.first_frame[:-1][~table.held_out]])
        else:
            raise UserError(
                f"{folder}: it has nothing that a dream could start from; should have "
                f"{DREAM_STARTS} (made by stages.dream_starts), or {LATENTS} of a pipeline's run"
            )
        if self._states.z.shape[1] != z_size:
            raise UserError(
                f"{path if path.exists() else latents}: its z have {self._states.z.shape[1]} "
                f"numbers, but V's have {z_size}"
            )

    def chosen(self, options: dict[str, Any] | None, rng: np.random.Generator) -> StartStates:
        """One start state: that of the options, or one at random; and a seed for what follows.

        Raises:
            ValueError: an option is not known, or there is no such start.
        """
        count, drawn = len(self._states.z), int(rng.integers(len(self._states.z)))
        number = check_options(options, "start").get("start", drawn)
        number = check_integer("options['start']", number, 0, count - 1)
        one, context = slice(number, number + 1), self._states.context
        return StartStates(
            self._states.z[one],
            context and Context(*(array[one] for array in context)),
            int(rng.integers(2**63)),
        )
