"""The Task protocol: a distribution over tracks, the environment on them, and its tables.

It is all that stages ask of an environment, whichever kind it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.storage.artifacts import EvaluationEpisodes, Rollouts
from worldmodels.rollout.loop import EpisodeStats, Policy, Trajectories, VectorEnv

Track = TypeVar("Track", bound=Hashable)

Columns = dict[str, NDArray[Any]]  # of a table of episodes, by name
# Policies that look at nothing, by name: of each its candidates, by their own names, of which
# validation chooses one. A candidate is its actions (T, A), which begin anew after T steps.
Controls = Mapping[str, Mapping[str, NDArray[np.float32]]]
NO_CONTROLS: Controls = MappingProxyType({})


class Shaping(NamedTuple):
    """What says sooner than the rewards which step was a good one."""

    # (frames,): an estimate of the rewards still to come. Its difference over a step is added to
    # the step's reward (Ng, Harada & Russell 1999).
    potential: NDArray[np.float64]
    counted: NDArray[np.bool_]  # (frames,): whether the step after the frame is to be learned from


def shaped_rewards(
    shaping: Shaping, rewards: NDArray[np.float64], lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Rewards (steps,) plus the difference of the potential over each step; `lengths` (episodes,)
    are those of the episodes, one after the other.
    """
    frame = np.arange(len(rewards)) + np.repeat(np.arange(len(lengths)), lengths)  # before the step
    shaped: NDArray[np.float64] = rewards + shaping.potential[frame + 1] - shaping.potential[frame]
    return shaped


class Task(Protocol[Track]):
    """Samples tracks, and makes environments on them; a track determines an episode's road."""

    @property
    def action_size(self) -> int:
        """Numbers of an action."""

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Of an observation: height, width, channels."""

    @property
    def max_steps(self) -> int:
        """Steps after which an episode is truncated."""

    @property
    def max_envs(self) -> int:
        """Environments of one batch, at the most, where episodes are recorded."""

    @property
    def shard_episodes(self) -> bool:
        """Whether such batches are sharded over workers; False where one process is faster."""

    @property
    def has_track(self) -> bool:
        """Whether a car drives along a track: `lap_fraction` is that of its lap, and an episode
        terminates off the track.
        """

    @property
    def controls(self) -> Controls:
        """Open-loop policies that C has to beat, if there are any worth that."""

    @property
    def rollouts(self) -> type[Rollouts]:
        """The table of training episodes."""

    @property
    def evaluation(self) -> type[EvaluationEpisodes]:
        """The table of evaluation episodes."""

    def sample_tracks(self, episodes: int, rng: np.random.Generator) -> Sequence[Track]:
        """Tracks of that many episodes for training or validation: one each, or one for all.

        Raises:
            ParamsError: there are no such tracks.
        """

    def test_tracks(self, rng: np.random.Generator) -> Callable[[int], Sequence[Track]]:
        """A function that returns, call by call, the tracks of the next n test episodes.

        Raises:
            ParamsError: there are no such tracks.
        """

    def make_env(self, tracks: Sequence[Track], num_envs: int) -> VectorEnv:
        """A vector environment whose row i is on tracks[i % len(tracks)].

        Raises:
            ParamsError: this machine lacks what the environment needs.
        """

    def random_policy(self, rng: np.random.Generator) -> Policy:
        """The policy that C is compared with; its actions are noise."""

    def random_weights_policy(self, rng: np.random.Generator) -> Policy:
        """A policy of random weights, with a prior that suits this environment."""

    def episode_columns(
        self, tracks: Sequence[Track], stats: EpisodeStats, trajectories: Trajectories
    ) -> Columns:
        """The columns that only this environment's tables have; episode i was on tracks[i]."""

    def shaping(self, stats: EpisodeStats, trajectories: Trajectories) -> Shaping:
        """The potential for reward shaping, and the steps that count."""

    def metrics(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Values whose means are metrics of an evaluation, by the metric's name."""


def no_shaping(stats: EpisodeStats) -> Shaping:
    """Rewards as they are, every step of which counts."""
    frames = int((stats.lengths + 1).sum())
    return Shaping(np.zeros(frames), np.ones(frames, np.bool_))
