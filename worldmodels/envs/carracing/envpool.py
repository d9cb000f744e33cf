"""EnvPool's port of CarRacing-v3 to C++, a second simulator to hold the first against.

It needs requirements-carracing.txt. `python -m benchmarks.simulators` shows how the two differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.base import PICTURE, BatchedCarRacing, Frame, Rows
from worldmodels.envs.carracing.optional_imports import extra

FRAME_COST = 0.1  # that every frame takes off the reward
LAP_REWARD = 1000.0  # for all tiles together
LOST = -100.0  # the reward of the frame in which a car leaves the playfield


class EnvPoolCarRacing(BatchedCarRacing):
    """Many cars, each alone on its track: `CarRacing` by another simulator.

    All is as there, but the numbers in `tracks` stand for other roads, pictures are drawn otherwise
    (see the benchmark), and info has no `state` and no `passed`, which EnvPool does not tell. It
    does not tell `laps` either: they are counted from the rewards.

    Raises:
        ModuleNotFoundError: EnvPool is not installed.
    """

    def _begin(self, tracks: list[int]) -> None:
        with extra("envpool"):
            import envpool
        frames = self.max_steps * self.frame_skip
        # A pool goes on to new roads with every reset, so each episode has a pool of its own.
        self._pool = envpool.make_gymnasium(
            "CarRacing-v3",
            num_envs=len(tracks),
            env_seed=tracks,
            num_threads=1,
            max_episode_steps=frames + 1,  # which is never reached
        )
        self._seen: NDArray[np.uint8] = self._pool.reset()[0]
        self._visited = np.zeros(len(tracks))  # a share of all tiles

    def _frame(self, cars: Rows, commands: NDArray[np.float32]) -> Frame:
        seen, rewards, terminated, truncated, info = self._pool.step(
            commands, cars.astype(np.int32)
        )
        answered = info["env_id"]  # in any order
        place = np.empty(self.num_envs, np.intp)
        place[answered] = np.arange(len(answered))
        rewards = rewards[place[cars]].astype(np.float64)
        over = (terminated | truncated)[place[cars]]
        lost = over & (rewards == LOST)
        self._seen[answered] = seen
        self._visited[cars] += np.where(lost, 0, rewards + FRAME_COST) / LAP_REWARD
        return rewards, lost, over & ~lost

    def _pictures(self, cars: Rows) -> NDArray[np.uint8]:
        return self._seen[cars, : PICTURE[0]]

    def _laps(self, cars: Rows) -> NDArray[np.float64]:
        return np.round(self._visited[cars], 4)  # rewards are float32, a tile is above 0.001
