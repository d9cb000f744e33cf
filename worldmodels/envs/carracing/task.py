"""The task of Gymnasium's CarRacing: a track is the seed that the game generates it from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.config.env_params import CarRacingParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import CarRacingEvaluation, CarRacingRollouts
from worldmodels.pipeline.storage.tables import episode_steps
from worldmodels.policies.random_weights import RandomWeightsPolicy, WeightPrior
from worldmodels.rollout.loop import EpisodeStats, Trajectories, VectorEnv
from worldmodels.rollout.task import Columns

TEST_SEEDS = 1 << 16  # the seeds below are test tracks, and all others are for training
SEEDS = 1 << 31

TILES_REWARD = 1000.0  # of all tiles of a track together
# The reward of a step that a car is trusted to earn while there is road ahead, as shares of the
# least that completes the lap in time: mean and scale of a logistic distribution.
PACE, PACE_SCALE = 1.125, 0.08

# A little gas is much, and a car that is fast in a bend is off the road.
WEIGHT_PRIOR = WeightPrior(weight=(1.0, 0.3), bias=(0.0, 0.15), bias_std=(0.05, 0.15), noise=0.6)


class CarRacingTask:
    """See `Task`; a track is a seed.

    Test episodes are on the tracks of seeds 0, 1, 2 and so on, the same for everybody; training
    draws from 65,536 to 2^31 - 1, and so never meets one of them.
    """

    action_size = 2  # steer, and the pedals in one: gas is positive, brake negative
    max_envs = 8  # an environment costs the same in a small batch
    shard_episodes = True
    rollouts = CarRacingRollouts
    evaluation = CarRacingEvaluation

    def __init__(self, params: CarRacingParams) -> None:
        self._params = params
        self.observation_shape = params.view.shape
        self.max_steps = params.max_steps

    def sample_tracks(self, episodes: int, rng: np.random.Generator) -> list[int]:
        """A seed each for that many episodes."""
        seeds: list[int] = rng.integers(TEST_SEEDS, SEEDS, size=episodes).tolist()
        return seeds

    def test_tracks(self, rng: np.random.Generator) -> Callable[[int], list[int]]:
        """The seeds from 0 on; nothing is drawn."""
        given = 0

        def following(episodes: int) -> list[int]:
            nonlocal given
            first, given = given, given + episodes
            if given > TEST_SEEDS:
                raise ParamsError(
                    "evaluate: episodes and baseline_episodes must be at most "
                    f"{TEST_SEEDS} in env.kind: carracing, which has no more test tracks; "
                    "found more"
                )
            return list(range(first, given))

        return following

    def make_env(self, tracks: Sequence[int], num_envs: int) -> VectorEnv:
        """See `Task`.

        Raises:
            ParamsError: the simulator is not installed.
        """
        params = self._params
        height, width, _ = self.observation_shape
        try:
            env: VectorEnv = _simulator(params.simulator)(
                tracks, num_envs, self.max_steps, view=(height, width), frame_skip=params.frame_skip
            )
        except ImportError as error:
            raise ParamsError(
                f"env.simulator: {params.simulator} cannot be used here: {error}"
            ) from None
        return env

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """See `Task`."""
        return RandomWeightsPolicy(self.observation_shape, WEIGHT_PRIOR, rng)

    def episode_columns(
        self, tracks: Sequence[int], stats: EpisodeStats, trajectories: Trajectories
    ) -> Columns:
        """The seeds of the tracks, and which laps were finished."""
        last = np.cumsum(stats.lengths + 1) - 1  # frames
        return {
            "track_seeds": np.array(tracks, np.int64),
            "finished": trajectories.info["finished"][last],
        }

    def potential(self, stats: EpisodeStats, trajectories: Trajectories) -> NDArray[np.float64]:
        """The reward of the tiles ahead, or of as many as there is time for, if those are fewer.

        A missed tile is lost as soon as it lies behind. Speed is worth little while there is time
        enough, and much where there is not.

        Raises:
            ParamsError: the simulator does not tell how far a car has come.
        """
        if "progress" not in trajectories.info:
            raise ParamsError(
                "env.simulator: must be gymnasium for finetune_c, which needs to know how far a "
                f"car has come; found {self._params.simulator}"
            )
        step = episode_steps(stats.lengths + 1)
        ahead = TILES_REWARD * (1 - trajectories.info["progress"])
        in_time = TILES_REWARD * np.maximum(1 - step / self.max_steps, 1e-9)
        scale = PACE_SCALE * in_time
        return np.maximum(0, -scale * np.logaddexp(-ahead / scale, -PACE * in_time / scale))

    def metrics(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Which episodes ended with the whole lap driven."""
        return {"finished_share": columns["finished"]}


def _simulator(name: str) -> Callable[..., Any]:
    """The class of a simulator, imported only if it is asked for."""
    if name == "envpool":
        from worldmodels.envs.carracing.envpool import EnvPoolCarRacing

        return EnvPoolCarRacing
    from worldmodels.envs.carracing.env import CarRacingEnv

    return CarRacingEnv
