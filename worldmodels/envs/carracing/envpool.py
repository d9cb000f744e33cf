"""EnvPool's port of CarRacing-v3 to C++, a second simulator to compare the first with.

It needs requirements-carracing.txt. `python -m benchmarks.simulators` shows how the two differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.base import FRAME_SHAPE, BatchedCarRacing, FrameStep, Rows
from worldmodels.envs.carracing.optional_imports import optional_import

FRAME_COST = 0.1  # subtracted from the reward of every frame
LAP_REWARD = 1000.0  # for all tiles together
OFF_FIELD_REWARD = -100.0  # of the frame in which a car leaves the playfield


class EnvPoolCarRacing(BatchedCarRacing):
    """A vector environment of cars, each alone on its track: `CarRacingEnv` on EnvPool.

    It differs in three ways: a seed in `tracks` stands for another road, frames are drawn
    differently (see the benchmark), and info has no `state` and no `progress`, which EnvPool does
    not return. It does not return `lap_fraction` either; that is computed from the rewards.

    Raises:
        ModuleNotFoundError: EnvPool is not installed.
    """

    def _reset_cars(self, tracks: list[int]) -> None:
        with optional_import("envpool"):
            import envpool
        frames = self.max_steps * self.frame_skip
        # A pool generates new tracks at every reset, so each episode needs a pool of its own.
        self._pool = envpool.make_gymnasium(
            "CarRacing-v3",
            num_envs=len(tracks),
            env_seed=tracks,
            num_threads=1,
            max_episode_steps=frames + 1,  # which is never reached
        )
        self._pool_frames: NDArray[np.uint8] = self._pool.reset()[0]  # (num_envs, 96, 96, 3)
        self._visited = np.zeros(len(tracks))  # fraction of all tiles

    def _step_frame(self, cars: Rows, controls: NDArray[np.float32]) -> FrameStep:
        frames, rewards, terminated, truncated, info = self._pool.step(
            controls, cars.astype(np.int32)
        )
        answered = info["env_id"]  # in any order
        place = np.empty(self.num_envs, np.intp)
        place[answered] = np.arange(len(answered))
        rewards = rewards[place[cars]].astype(np.float64)
        done = (terminated | truncated)[place[cars]]
        off_field = done & (rewards == OFF_FIELD_REWARD)
        self._pool_frames[answered] = frames
        self._visited[cars] += np.where(off_field, 0, rewards + FRAME_COST) / LAP_REWARD
        return rewards, off_field, done & ~off_field

    def _frames(self, cars: Rows) -> NDArray[np.uint8]:
        return self._pool_frames[cars, : FRAME_SHAPE[0]]

    def _lap_fraction(self, cars: Rows) -> NDArray[np.float64]:
        return np.round(self._visited[cars], 4)  # rewards are float32, a tile is above 0.001
