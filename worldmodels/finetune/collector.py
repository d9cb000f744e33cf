"""Collects episodes with noise on the actions, as batches for the actor-critic."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import LatentPolicy
from worldmodels.controller.controller import Controllers
from worldmodels.exploration.noise import NoisyControllers
from worldmodels.finetune.latent_env import LatentEnv
from worldmodels.interfaces import Memory, Vision, takes_c
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.storage.tables import episode_steps
from worldmodels.rollout.loop import EpisodeStats, recorded_rollout
from worldmodels.rollout.task import Task, shaped_rewards


class ActionNoise(NamedTuple):
    """Noise on actions, before the tanh."""

    std: float
    correlation: float  # of one step's noise with the next's


NO_NOISE = ActionNoise(0.0, 0.0)


class CollectTask(NamedTuple):
    """A shard: episodes in one batch, number i on tracks[i]."""

    controllers: Controllers  # one
    tracks: Sequence[Hashable]
    noise: ActionNoise
    seed: int  # of the noise
    patience: int  # see `rollout`


@dataclass(frozen=True)
class RolloutBatch:
    """The steps of episodes that the actor-critic learns from, episode after episode.

    Of each episode these are the steps that count (`Task.shaping`).
    """

    stats: EpisodeStats
    lengths: NDArray[np.int64]  # (episodes,), steps of each
    features: NDArray[np.float32]  # (steps, F), C's inputs
    noise: NDArray[np.float64]  # (steps, A), e of the noise, see `natural_gradient`
    shaped_rewards: NDArray[np.float64]  # (steps,)

    @classmethod
    def concatenate(cls, parts: Sequence[RolloutBatch]) -> RolloutBatch:
        """The steps of several batches, in their order."""
        return cls(
            EpisodeStats.concatenate([part.stats for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.noise for part in parts]),
            np.concatenate([part.shaped_rewards for part in parts]),
        )


class RolloutCollector:
    """Collects a batch of episodes; sent to each worker once.

    Args:
        task: the environment.
        vision: V.
        memory: M; it is not run for a C that sees z alone.
    """

    def __init__(self, task: Task[Any], vision: Vision, memory: Memory) -> None:
        self._task = task
        self._vision = vision
        self._memory = memory

    def __call__(self, shard: CollectTask) -> RolloutBatch:
        """The steps of a shard's episodes."""
        num_envs, controllers = len(shard.tracks), shard.controllers
        sees_h = controllers.features > self._vision.z_size
        env = LatentEnv(
            self._task.make_env(shard.tracks, num_envs),
            self._vision,
            self._memory if sees_h else None,
            takes_c(controllers.features, self._memory),
        )
        rng = np.random.default_rng(shard.seed)
        noisy = NoisyControllers.with_action_noise(controllers, num_envs, *shard.noise, rng)
        stats, trajectories = recorded_rollout(
            env, LatentPolicy(noisy), patience=shard.patience, store=np.copy
        )
        noise = np.stack(noisy.noise.draws)  # (T, episodes, A)
        episode = np.repeat(np.arange(num_envs), stats.lengths)  # of each step
        step = episode_steps(stats.lengths)
        frame = np.arange(len(step)) + episode  # before the step
        shaping = self._task.shaping(stats, trajectories)
        rewards = shaped_rewards(shaping, trajectories.rewards, stats.lengths)
        valid = shaping.counted[frame]
        return RolloutBatch(
            stats,
            np.bincount(episode[valid], minlength=num_envs),
            trajectories.observations[frame[valid]],
            noise[step[valid], episode[valid]],
            rewards[valid],
        )


class ParallelCollector:
    """Collects episodes of one C on a pool of workers.

    Args:
        workers: map a `RolloutCollector` over shards.
        max_envs: episodes of a shard.
    """

    def __init__(self, workers: WorkerPool[CollectTask, RolloutBatch], max_envs: int) -> None:
        self._workers = workers
        self._max_envs = max_envs

    def __call__(
        self,
        controllers: Controllers,
        tracks: Sequence[Hashable],
        episodes: int,
        rng: np.random.Generator,
        noise: ActionNoise = NO_NOISE,
        patience: int = 0,
    ) -> RolloutBatch:
        """The steps of that many episodes, number i on tracks[i % len(tracks)].

        `rng` draws the seeds of the shards' noise.
        """
        own = [tracks[number % len(tracks)] for number in range(episodes)]
        shards = [
            CollectTask(
                controllers,
                own[first : first + self._max_envs],
                noise,
                int(rng.integers(1 << 63)),
                patience,
            )
            for first in range(0, episodes, self._max_envs)
        ]
        return RolloutBatch.concatenate(self._workers.map(shards))
