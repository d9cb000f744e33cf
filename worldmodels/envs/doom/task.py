"""The task of ViZDoom's Take Cover: a track is the seed of a game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.doom.env import BLIND, VIEWS, DoomEnv
from worldmodels.pipeline.config.env_params import DoomParams
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.storage.artifacts import DoomEvaluation, DoomRollouts
from worldmodels.policies.held_uniform import HeldUniformPolicy
from worldmodels.policies.random_weights import RandomWeightsPolicy, WeightPrior
from worldmodels.rollout.loop import EpisodeStats, Trajectories
from worldmodels.rollout.seed_tracks import SeedTracks
from worldmodels.rollout.task import Columns, Controls, Shaping, no_shaping

LEGS = 128, 136, 144  # tics of a way to one side, of policies that go to and fro
MAX_HOLD = 10  # tics that a random action is held for, at the most, as in the paper
HEALTH_VALUE = 1.0  # tics of life that a point of health is worth in the shaping of rewards
WEIGHT_PRIOR = WeightPrior(weight=(1.0,), bias=(0.0,), bias_std=(0.5,), noise=1.0)


class DoomTask(SeedTracks):
    """See `Task`; a track is a seed.

    Args:
        params: of the environment.
        observed: see `make_task`.
    """

    action_size = 1  # to the right is positive, to the left negative
    max_envs = 4  # an engine costs the same in a small batch, and about 60 MB
    shard_episodes = True
    has_track = False
    rollouts = DoomRollouts
    evaluation = DoomEvaluation

    def __init__(self, params: DoomParams, observed: bool = True) -> None:
        self._frame_skip = params.frame_skip
        self._camera = VIEWS[params.view.height, params.view.width] if observed else BLIND
        self.observation_shape = (self._camera.height, self._camera.width, 3)
        self.max_steps = params.max_steps

    @property
    def controls(self) -> Controls:
        """See `Task`: standing still, always to the left, and to and fro from the middle."""
        return {
            "still": {"still": np.zeros((1, 1), np.float32)},
            "left": {"left": -np.ones((1, 1), np.float32)},
            "sweep": {f"{leg} tics a leg": self._sweep(leg) for leg in LEGS},
        }

    def make_env(self, tracks: Sequence[int], num_envs: int) -> DoomEnv:
        """See `Task`; a step raises a UserError if engines are lost again and again.

        Raises:
            ParamsError: ViZDoom is not installed, or cannot run here.
        """
        steps, frame_skip = self.max_steps, self._frame_skip
        try:
            return DoomEnv(tracks, num_envs, steps, self._camera, frame_skip, UserError)
        except ImportError as error:
            raise ParamsError(f"env.kind: {error}") from None

    def _sweep(self, leg: int) -> NDArray[np.float32]:
        """Actions (max_steps, 1) to the right for half a leg of so many tics, for a whole leg to
        the left, for a whole one to the right, and so on.
        """
        tics = np.arange(self.max_steps) * self._frame_skip
        to_the_left = (tics + leg / 2) // leg % 2
        actions: NDArray[np.float32] = (1 - 2 * to_the_left).astype(np.float32)[:, None]
        return actions

    def random_policy(self, rng: np.random.Generator) -> HeldUniformPolicy:
        """See `Task`; the paper's, with which it collected its episodes."""
        return HeldUniformPolicy(self.action_size, max(1, MAX_HOLD // self._frame_skip), rng)

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """See `Task`."""
        return RandomWeightsPolicy(self.observation_shape, WEIGHT_PRIOR, rng)

    def episode_columns(
        self, tracks: Sequence[int], stats: EpisodeStats, trajectories: Trajectories
    ) -> Columns:
        """Seeds of the games, and the player's health."""
        return {
            "track_seeds": np.array(tracks, np.int64),
            "health": trajectories.info["health"],
        }

    def shaping(self, stats: EpisodeStats, trajectories: Trajectories) -> Shaping:
        """See `Task`; the player's health, HEALTH_VALUE tics a point.

        It is below 0 at death, by what the last hit would still have taken: so a hit costs as much
        whether or not it kills. Every step counts.
        """
        shaping = no_shaping(stats)
        return shaping._replace(potential=HEALTH_VALUE * trajectories.info["health"])

    def metrics(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """None besides those of every environment."""
        return {}
