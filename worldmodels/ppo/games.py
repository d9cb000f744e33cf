"""Episodes of the environment, with noise on C's actions, as batches for PPO."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from worldmodels.finetune.collector import (
    ActionNoise,
    CollectTask,
    ParallelCollector,
    RolloutBatch,
)
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.ppo_params import TrainC
from worldmodels.pipeline.storage.tables import episode_steps
from worldmodels.ppo.dreams import DreamBatch
from worldmodels.ppo.networks import MLP, Standardization, controllers_of
from worldmodels.rollout.task import Task


class GameCollector:
    """Collects episodes of a policy with Gaussian noise on its actions, and shaped rewards.

    Args:
        settings: how many, and the noise.
        task: the environment.
        scale: of the policy's features.
        workers: map a `RolloutCollector` over shards.
    """

    def __init__(
        self,
        settings: TrainC,
        task: Task[Any],
        scale: Standardization,
        workers: WorkerPool[CollectTask, RolloutBatch],
    ) -> None:
        self._settings = settings
        self._task = task
        self._scale = scale
        self._collect = ParallelCollector(workers, task.max_envs)

    def __call__(self, policy: MLP, rng: Generator) -> DreamBatch:
        """A batch of episodes on fresh tracks."""
        settings = self._settings
        batch = self._collect(
            controllers_of(policy, self._scale),
            self._task.sample_tracks(settings.episodes, rng),
            settings.episodes,
            rng,
            ActionNoise(settings.action_std, correlation=0.0),
        )
        x = self._scale.transform(batch.features)
        means = policy(x)
        noise = np.float32(settings.action_std) * batch.noise.astype(np.float32)
        return padded(batch, x, means + noise, means)


def padded(batch: RolloutBatch, x: Any, actions: Any, means: Any) -> DreamBatch:
    """Steps of episodes, which follow each other, as those of dreams beside each other.

    An episode that is truncated counts as one that has ended: the environment goes on no longer.

    Args:
        batch: rewards, and lengths (B,).
        x: (N, F), features before each step.
        actions: (N, A), before the tanh.
        means: (N, A), of the policy that took them.
    """
    lengths = batch.lengths
    steps, episodes = int(lengths.max(initial=0)), len(lengths)
    where = episode_steps(lengths), np.repeat(np.arange(episodes), lengths)

    def placed(rows: Any, more: int = 0) -> Any:
        array = np.zeros((steps + more, episodes, *rows.shape[1:]), rows.dtype)
        array[where] = rows
        return array

    continues = np.arange(1, steps + 1)[:, None] < lengths
    return DreamBatch(
        placed(x, 1),
        placed(actions),
        placed(means),
        placed(batch.shaped_rewards),
        continues.astype(np.float64),
    )
