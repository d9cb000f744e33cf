"""Records episodes as tables hold them, batch by batch, on any number of workers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.pipeline.progress import progress
from worldmodels.rollout.loop import EpisodeStats, Policy, Trajectories, recorded_rollout
from worldmodels.rollout.task import Columns, Task, shaped_rewards

MAX_BATCH_BYTES = 1 << 28  # of the observations of a batch

PolicyFactory = Callable[[np.random.Generator], Policy]  # given the generator of its noise


def deterministic(policy: Policy) -> PolicyFactory:
    """A factory of the same policy, which draws no random numbers, for every shard."""
    return partial(_ignore_rng, policy)


def _ignore_rng(policy: Policy, rng: np.random.Generator) -> Policy:
    return policy


class EpisodeBatch(NamedTuple):
    """A shard: episodes in one batch, number i on tracks[i % len(tracks)]."""

    tracks: Sequence[Any]
    episodes: int
    rng: np.random.Generator  # of the policy


class EpisodeRecorder:
    """Runs and records a batch of episodes; sent to each worker once.

    Args:
        task: the environment.
        make_policy: makes the policy of a batch.
        patience: see `recorded_rollout`.
        shaped: whether the rewards in the columns are shaped; those of the statistics are not.
    """

    def __init__(
        self, task: Task[Any], make_policy: PolicyFactory, patience: int, shaped: bool
    ) -> None:
        self._task = task
        self._make_policy = make_policy
        self._patience = patience
        self._shaped = shaped

    def __call__(self, batch: EpisodeBatch) -> tuple[EpisodeStats, Columns]:
        """The statistics and the columns of a batch's episodes."""
        env = self._task.make_env(batch.tracks, batch.episodes)
        policy = self._make_policy(batch.rng)
        stats, trajectories = recorded_rollout(env, policy, patience=self._patience)
        tracks = [batch.tracks[number % len(batch.tracks)] for number in range(batch.episodes)]
        columns = columns_of(self._task, tracks, stats, trajectories)
        if self._shaped:
            shaping = self._task.shaping(stats, trajectories)
            columns["rewards"] = shaped_rewards(shaping, trajectories.rewards, stats.lengths)
        return stats, columns


def record(
    task: Task[Any],
    make_policy: PolicyFactory,
    sample_tracks: Callable[[int], Sequence[Any]],
    policy_rng: Callable[[int], np.random.Generator],
    episodes: int,
    description: str,
    compute: Compute,
    patience: int = 0,
    shaped: bool = False,
) -> Iterator[tuple[EpisodeStats, Columns]]:
    """Record episodes behind a progress bar, and yield them batch by batch.

    Args:
        task: the environment.
        make_policy: makes the policy of a batch.
        sample_tracks: the tracks of that many episodes: one each, or one for all.
        policy_rng: the generator of a shard's policy, by the shard's number.
        episodes: how many in all.
        description: the name of the progress bar.
        compute: who works, if the task shards its episodes; if not, all batches draw from the
            generator of shard 0, one after the other.
        patience: see `recorded_rollout`.
        shaped: see `EpisodeRecorder`.
    """
    episode_bytes = (task.max_steps + 1) * math.prod(task.observation_shape)
    batch_size = min(task.max_envs, max(1, MAX_BATCH_BYTES // episode_bytes))
    shared_rng = None if task.shard_episodes else policy_rng(0)
    batches = [
        EpisodeBatch(sample_tracks(count), count, shared_rng or policy_rng(number))
        for number, first in enumerate(range(0, episodes, batch_size))
        for count in [min(batch_size, episodes - first)]
    ]
    recorder = EpisodeRecorder(task, make_policy, patience, shaped)
    with WorkerPool(recorder, INLINE if shared_rng else compute) as workers:
        yield from progress(workers.stream(batches), description, len(batches))


def columns_of(
    task: Task[Any], tracks: Sequence[Any], stats: EpisodeStats, trajectories: Trajectories
) -> Columns:
    """The columns of a batch of episodes, of which number i was on tracks[i]."""
    return {
        "lengths": stats.lengths,
        "terminated": stats.terminated,
        "lap_fraction": stats.lap_fraction,
        "observations": trajectories.observations,
        "actions": trajectories.actions,
        "rewards": trajectories.rewards,
        **task.episode_columns(tracks, stats, trajectories),
    }
