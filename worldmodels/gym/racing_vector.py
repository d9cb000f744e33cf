"""The vector form of `WorldModels/Racing-v0`: many cars in one array, by Gymnasium's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.track import Track
from worldmodels.gym.arguments import check_actions, check_integer, check_view
from worldmodels.gym.racing import FRAMES_PER_SECOND, RacingGymEnv
from worldmodels.gym.rendering import (
    Picture,
    check_render_mode,
    track_picture,
    warn_of_no_render_mode,
    with_car,
)
from worldmodels.gym.tracks import Tracks, most_tracks, track_option
from worldmodels.gym.vector_info import (
    autoreset_mode_of,
    masked,
    option_of_rows,
    seeds_of_rows,
    step_limit,
)

Array = NDArray[Any]

MAX_OBSERVATION_BYTES = 2**30


class RacingGymVectorEnv(
    gymnasium.vector.VectorEnv[NDArray[np.uint8], NDArray[np.float32], NDArray[Any]]
):
    """`gymnasium.make_vec("WorldModels/Racing-v0", num_envs=...)`; see `RacingGymEnv`.

    Episodes are those that `gymnasium.vector.SyncVectorEnv` of single environments has with the
    same seeds and actions, to the last bit. Row i is seeded with seed + i.

    Options of `reset`: `track`, for all rows that are reset; `reset_mask` (num_envs,), the rows
    that are.

    Args:
        num_envs: rows, up to 17,732 with the default `view_reach`; their observations must fit
            in 1 GiB.
        render_mode: None or "rgb_array".
        max_episode_steps: steps after which an episode is truncated; None or -1: never.
        autoreset_mode: NEXT_STEP: the step after an episode's end starts another one, whatever the
            action; SAME_STEP: the last step does, and `info` has `final_obs` and `final_info`;
            DISABLED: `reset` with a `reset_mask` does. Or the name or the value of one.
        tracks: see `RacingGymEnv`, as for what follows.
        view_size: pixels along one side of an observation, 2 to 512.
        channels: 1 or 3.
        view_reach: the distance visible (world units), up to 24.

    Raises:
        ValueError: an argument is not possible.
    """

    metadata = {  # noqa: RUF012  (as Gymnasium declares it)
        "render_modes": ["rgb_array"],
        "render_fps": FRAMES_PER_SECOND,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        tracks: Literal["random", "fixed"] = "random",
        view_size: int = 64,
        channels: int = 3,
        view_reach: float = 4.0,
    ) -> None:
        check_render_mode(render_mode, self.metadata)
        self.render_mode = render_mode
        self._autoreset = autoreset_mode_of(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self._autoreset}
        self._max_steps = step_limit(max_episode_steps)
        self._tracks = Tracks(tracks)
        self._view = size, colours, reach = check_view(view_size, channels, view_reach)
        self.num_envs = check_integer("num_envs", num_envs, 1, most_tracks(reach))
        if (total := self.num_envs * size**2 * colours) > MAX_OBSERVATION_BYTES:
            raise ValueError(
                f"num_envs * view_size**2 * channels must be at most {MAX_OBSERVATION_BYTES}; "
                f"found {total}"
            )
        single = RacingGymEnv(
            tracks=tracks, view_size=view_size, channels=channels, view_reach=view_reach
        )
        self.single_observation_space = single.observation_space
        self.single_action_space = single.action_space
        self.observation_space = batch_space(single.observation_space, self.num_envs)
        self.action_space = batch_space(single.action_space, self.num_envs)
        self._generators: list[tuple[np.random.Generator, int]] = []
        self._env: RacingEnv | None = None
        self._done = np.zeros(self.num_envs, np.bool_)  # since the step before

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each row, as in `SyncVectorEnv`."""
        self._seed([None] * self.num_envs, np.arange(self.num_envs))
        return tuple(generator for generator, _ in self._generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each row."""
        self._seed([None] * self.num_envs, np.arange(self.num_envs))
        return tuple(seed for _, seed in self._generators)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The track of each row.

        Raises:
            ResetNeeded: there are no episodes yet.
        """
        return tuple(self._started().tracks)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start an episode in every row, or in those of a mask: observations, info.

        Args:
            seed: row i is seeded with seed + i; or a seed for each row.
            options: see the class.

        Raises:
            ValueError: there are too few seeds, or an option is not known or of another shape.
            ResetNeeded: there is a mask, but no episodes yet.
        """
        seeds = seeds_of_rows(seed, self.num_envs)
        track = track_option(options, "reset_mask")
        mask = option_of_rows(options, "reset_mask", self.num_envs)
        rows = np.flatnonzero(mask)
        if self._env is None and len(rows) < self.num_envs:
            raise ResetNeeded("the first reset() has to be of all rows, without a reset_mask")
        self._seed(seeds, rows)
        self._restart(rows, track)
        observations, info = self._started().observe(np.arange(self.num_envs))
        return observations, masked(info, mask)

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[NDArray[np.uint8], Array, Array, Array, dict[str, Any]]:
        """One step of every row: observations, rewards, terminations, truncations, info.

        Raises:
            ResetNeeded: there was no reset, or none of a row whose episode has ended.
            ValueError: the actions are not (num_envs, 2) real numbers, or one of them is NaN.
        """
        env = self._started()
        wanted = f"actions must be ({self.num_envs}, 2) numbers, steer and throttle of each row"
        actions = check_actions(actions, (self.num_envs, 2), wanted)
        over = np.flatnonzero(self._done)
        if over.size and self._autoreset is AutoresetMode.DISABLED:
            raise ResetNeeded(
                f"the episode of row {over[0]} has ended: call reset() with a reset_mask first"
            )
        if over.size:
            actions = np.array(actions)
            actions[over] = 0  # the step is that from the episode's end to the next one's start
        observations, rewards, terminated, truncated, info = env.step(actions)
        if over.size:
            self._restart(over)
            self._put(over, observations, info)
            rewards[over], terminated[over], truncated[over] = 0, False, False
        self._done = terminated | truncated
        infos = dict[str, Any]()
        if self._autoreset is AutoresetMode.SAME_STEP and self._done.any():
            ended = np.flatnonzero(self._done)
            final = np.full(self.num_envs, None, dtype=object)
            for row in ended:
                final[row] = observations[row].copy()
            infos = {
                **masked({"final_obs": final}, self._done),
                **masked({"final_info": masked(info, self._done)}, self._done),
            }
            self._restart(ended)
            self._put(ended, observations, info)
        infos |= masked(info, np.ones(self.num_envs, np.bool_))
        return observations, rewards, terminated, truncated, infos

    def render(self) -> tuple[Picture, ...] | None:
        """The track and the car of each row, (600, 600, 3), if the render mode is "rgb_array".

        Raises:
            ResetNeeded: there are no episodes yet.
        """
        if self.render_mode is None:
            warn_of_no_render_mode()
            return None
        _, info = self._started().observe(np.arange(self.num_envs))
        return tuple(
            with_car(track_picture(track), track, *state[:3])
            for track, state in zip(self.tracks, info["state"], strict=True)
        )

    def _started(self) -> RacingEnv:
        if self._env is None:
            raise ResetNeeded("there are no episodes yet: call reset() first")
        return self._env

    def _seed(self, seeds: Sequence[int | None], rows: NDArray[np.intp]) -> None:
        """Seed these rows, if they have a seed, or were never seeded."""
        if not self._generators:
            self._generators = [seeding.np_random(seed) for seed in seeds]
            return
        for row in rows:
            if seeds[row] is not None:
                self._generators[row] = seeding.np_random(seeds[row])

    def _restart(self, rows: NDArray[np.intp], track: Track | None = None) -> None:
        """Start episodes in these rows, each on the next track of its own generator."""
        tracks = [self._tracks.draw(self._generators[row][0], track) for row in rows]
        if self._env is None:
            self._env = RacingEnv(
                tracks, self.num_envs, self._max_steps, *self._view, as_bytes=True
            )
        else:
            self._env.reset_rows(rows, tracks)
        self._done[rows] = False

    def _put(self, rows: NDArray[np.intp], observations: Array, info: dict[str, Array]) -> None:
        """Write what these rows see now into observations and info."""
        observations[rows], fresh = self._started().observe(rows)
        for name, values in info.items():
            values[rows] = fresh[name]
