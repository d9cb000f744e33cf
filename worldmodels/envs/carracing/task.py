"""The task of Gymnasium's CarRacing: a track is the seed that it is generated from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.pipeline.config.env_params import CarRacingParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation, CarRacingRollouts
from worldmodels.pipeline.storage.tables import episode_steps
from worldmodels.policies.random_weights import RandomWeightsPolicy, WeightPrior
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import EpisodeStats, Trajectories, VectorEnv
from worldmodels.rollout.seed_tracks import SeedTracks
from worldmodels.rollout.task import NO_CONTROLS, Columns, Shaping

TILES_REWARD = 1000.0  # of all tiles of a track together
# The expected reward of a step while there is road ahead, relative to the least one that completes
# the lap in time: mean and scale of a logistic distribution.
PACE, PACE_SCALE = 1.125, 0.08
FRAME_COST = 0.1
LAP_FRAMES = 815.0  # of a lap at an ordinary pace
PACE_WEIGHT = 2.0  # of the frames ahead, because the discount forgets most of them
MISSED_TILE_COST = 15.0  # besides its reward: the frames that go by until the time is up
# Small weights for the pedal: gas acts strongly, and a car that is fast in a bend leaves the road.
WEIGHT_PRIOR = WeightPrior(weight=(1.0, 0.3), bias=(0.0, 0.15), bias_std=(0.05, 0.15), noise=0.6)


class CarRacingTask(SeedTracks):
    """See `Task`; a track is a seed."""

    action_size = 2  # steer, and the pedals in one: gas is positive, brake negative
    max_envs = 8  # a car costs the same in a small batch
    shard_episodes = True
    has_track = True
    controls = NO_CONTROLS
    rollouts = CarRacingRollouts
    evaluation = CarRacingEvaluation

    def __init__(self, params: CarRacingParams) -> None:
        self._frame_skip = params.frame_skip
        self.observation_shape = params.view.shape
        self.max_steps = params.max_steps

    def make_env(self, tracks: Sequence[int], num_envs: int) -> VectorEnv:
        """See `Task`.

        Raises:
            ParamsError: Gymnasium's CarRacing is not installed.
        """
        height, width, _ = self.observation_shape
        try:
            return CarRacingEnv(tracks, num_envs, self.max_steps, (height, width), self._frame_skip)
        except ImportError as error:
            raise ParamsError(f"env.kind: {error}") from None

    def random_policy(self, rng: np.random.Generator) -> SmoothedNoisePolicy:
        """See `Task`."""
        return SmoothedNoisePolicy(rng)

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """See `Task`."""
        return RandomWeightsPolicy(self.observation_shape, WEIGHT_PRIOR, rng)

    def episode_columns(
        self, tracks: Sequence[int], stats: EpisodeStats, trajectories: Trajectories
    ) -> Columns:
        """Seeds of the tracks, and whether the lap was finished."""
        last = np.cumsum(stats.lengths + 1) - 1  # frames
        return {
            "track_seeds": np.array(tracks, np.int64),
            "finished": trajectories.info["finished"][last],
        }

    def shaping(self, stats: EpisodeStats, trajectories: Trajectories) -> Shaping:
        """See `Task`; the potential is the rewards of the tiles to come, less what they take.

        The rewards to come are a soft minimum of those of the tiles ahead and of those in reach in
        time. A tile that is passed and not visited is lost at once, and costs MISSED_TILE_COST
        more, because the lap cannot end now. Pace counts at once, too: a tile that comes after less
        than its share of LAP_FRAMES is a gain. Steps after the lap do not count.
        """
        progress, step = trajectories.info["progress"], episode_steps(stats.lengths + 1)
        ahead = TILES_REWARD * (1 - progress)
        in_time = TILES_REWARD * np.maximum(1 - step / self.max_steps, 1e-9)
        scale = PACE_SCALE * in_time
        tiles = np.maximum(0, -scale * np.logaddexp(-ahead / scale, -PACE * in_time / scale))
        frames = PACE_WEIGHT * FRAME_COST * LAP_FRAMES * (1 - progress)
        counted = tiles > 0
        to_come = np.where(counted, tiles - frames, 0)
        to_come[np.cumsum(stats.lengths + 1) - 1] = 0  # no reward comes after an episode's end
        return Shaping(to_come - MISSED_TILE_COST * trajectories.info["missed_tiles"], counted)

    def metrics(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """`finished_share`: which episodes finished the lap."""
        return {"finished_share": columns["finished"]}
