"""The task of the racing environment: all episodes on one fixed track, or each on a random one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.envs.racing.random_track import random_track
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.config.env_params import RacingParams
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import RacingEvaluation, RacingRollouts
from worldmodels.policies.random_weights import RandomWeightsPolicy, WeightPrior
from worldmodels.policies.smoothed_noise import SmoothedNoisePolicy
from worldmodels.rollout.loop import EpisodeStats, Trajectories
from worldmodels.rollout.task import NO_CONTROLS, Columns, Shaping, no_shaping

WEIGHT_PRIOR = WeightPrior(weight=(1.0, 1.0), bias=(0.0, 1.0), bias_std=(0.15, 0.5), noise=1.0)


class RacingTask:
    """See `Task`; a track is a `Track`.

    Raises:
        ParamsError: the params describe no track.
    """

    action_size = RacingEnv.action_size
    max_envs = 128
    shard_episodes = False
    has_track = True
    controls = NO_CONTROLS
    rollouts = RacingRollouts
    evaluation = RacingEvaluation

    def __init__(self, params: RacingParams) -> None:
        self._params = params
        self.observation_shape = params.view.shape
        self.max_steps = params.max_steps
        self._fixed: list[Track] = []
        if params.tracks == "fixed":
            track = params.fixed_track
            harmonics = [(term.order, term.amplitude, term.phase) for term in track.harmonics]
            try:
                self._fixed = [Track(track.radius, harmonics, track.half_width)]
            except ValueError as error:
                raise ParamsError(f"{_keys('fixed_track')}: {error}") from None

    def sample_tracks(self, episodes: int, rng: np.random.Generator) -> list[Track]:
        """See `Task`; the fixed track for all episodes, or a random one for each.

        Raises:
            ParamsError: hardly any track can be drawn from the ranges.
        """
        if self._fixed:
            return self._fixed
        ranges = self._params.random_tracks
        harmonics = [(term.order, term.amplitude) for term in ranges.harmonics]
        try:
            return [
                random_track(ranges.radius, harmonics, ranges.half_width, rng)
                for _ in range(episodes)
            ]
        except ValueError as error:
            raise ParamsError(f"{_keys('random_tracks')}: {error}") from None

    def test_tracks(self, rng: np.random.Generator) -> Callable[[int], list[Track]]:
        """See `Task`; test tracks are drawn like training tracks, from another generator."""
        return lambda episodes: self.sample_tracks(episodes, rng)

    def make_env(self, tracks: Sequence[Track], num_envs: int) -> RacingEnv:
        """See `Task`."""
        view = self._params.view
        return RacingEnv(tracks, num_envs, self.max_steps, view.size, view.channels, view.reach)

    def random_policy(self, rng: np.random.Generator) -> SmoothedNoisePolicy:
        """See `Task`."""
        return SmoothedNoisePolicy(rng)

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """See `Task`."""
        return RandomWeightsPolicy(self.observation_shape, WEIGHT_PRIOR, rng)

    def episode_columns(
        self, tracks: Sequence[Track], stats: EpisodeStats, trajectories: Trajectories
    ) -> Columns:
        """States, distances from the centreline, and the tracks."""
        return {
            "states": trajectories.info["state"],
            "distances": trajectories.info["distance"],
            "radius": np.array([track.radius for track in tracks]),
            "harmonics": np.array([track.harmonics for track in tracks]).reshape(
                len(tracks), -1, 3
            ),
            "half_width": np.array([track.half_width for track in tracks]),
        }

    def shaping(self, stats: EpisodeStats, trajectories: Trajectories) -> Shaping:
        """None: the rewards of this environment need no shaping."""
        return no_shaping(stats)

    def metrics(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """`beyond_edge_share`: which frames are beyond the edge of the road."""
        edge = np.repeat(columns["half_width"], columns["lengths"] + 1)
        return {"beyond_edge_share": columns["distances"] > edge}


def _keys(section: str) -> str:
    """The dotted keys that describe tracks."""
    return ", ".join(f"env.{section}.{key}" for key in ("radius", "harmonics", "half_width"))
