"""Fitness of candidates for C: returns in the environment or in M's dreams, shard by shard."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent, LatentPolicy
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.controller.pca import WhitenedPCA
from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import StartStates
from worldmodels.evolution.dream_shaping import ShapedDream
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.rollout.loop import EpisodeStats, Policy, VectorEnv, rollout
from worldmodels.rollout.task import Task

SHARD_EPISODES = 128  # at the most, where a batch is cheap; a candidate's stay together

Starts = Sequence[Hashable] | StartStates  # tracks, or start states of dreams


class Scores(NamedTuple):
    """Scores of candidates; one entry each."""

    mean_return: NDArray[np.float64]
    std_return: NDArray[np.float64]  # over episodes
    off_track: NDArray[np.intp]  # episodes that were terminated
    steps: NDArray[np.int64]  # of all episodes together

    @classmethod
    def of(cls, stats: EpisodeStats, episodes: int) -> Scores:
        """The scores of candidates, given their episodes one candidate after the other."""
        returns, off, lengths = (
            entry.reshape(-1, episodes)
            for entry in (stats.returns, stats.terminated, stats.lengths)
        )
        return cls(returns.mean(axis=1), returns.std(axis=1), off.sum(axis=1), lengths.sum(axis=1))


def risk_adjusted(scores: Scores, risk_aversion: float) -> NDArray[np.float64]:
    """(candidates,): the fitness, the mean return less `risk_aversion` standard deviations."""
    return scores.mean_return - risk_aversion * scores.std_return


class Shard(NamedTuple):
    """Candidates to evaluate in one batch, all on the same starts: episode i on starts[i % S]."""

    genomes: NDArray[np.float64]  # (candidates, n)
    starts: Starts
    episodes: int  # a candidate


class RolloutWorker:
    """Evaluates a shard of candidates; sent to each worker once.

    Args:
        task: the environment.
        vision: V.
        memory: M, which dreams and, if there is no `policy_memory`, gives C its h.
        sizes: of the controllers: features, any hidden layer, actions.
        settings: of dreams, and the patience of episodes.
        pca: of h, or of c and h; the controllers are searched on its components in their place.
        policy_memory: the M whose h the controllers see, if it is another one.
    """

    def __init__(
        self,
        task: Task[Any],
        vision: Vision,
        memory: Ensemble,
        sizes: Sequence[int],
        settings: EvolveC,
        pca: WhitenedPCA | None = None,
        policy_memory: Ensemble | None = None,
    ) -> None:
        self.task = task
        self._settings = settings
        self._pca = pca
        self._vision = vision
        self._memory = memory
        self._policy_memory = policy_memory
        self._sizes = sizes
        # the last one of each, to be used again
        self._envs: dict[tuple[object, ...], VectorEnv] = {}
        self._dreams: dict[tuple[object, ...], VectorEnv] = {}

    def __getstate__(self) -> dict[str, object]:
        """The state without environments and dreams: a worker makes its own."""
        return {**vars(self), "_envs": {}, "_dreams": {}}

    @property
    def genome_size(self) -> int:
        """Numbers of a candidate."""
        return parameter_count(self._sizes)

    def controllers(self, genomes: NDArray[np.float64]) -> Controllers:
        """The controllers of genomes (candidates, n), on all that `inputs` says."""
        return Controllers.from_genomes(genomes, self._sizes, self._pca)

    def __call__(self, shard: Shard) -> EpisodeStats:
        """The statistics of a shard's episodes, one candidate's after the other's."""
        controllers = self.controllers(shard.genomes)
        num_envs = len(shard.genomes) * shard.episodes
        if isinstance(shard.starts, StartStates):
            return rollout(self._dream(shard.starts, num_envs), LatentPolicy(controllers))
        agent = Agent(self._vision, self._policy_memory or self._memory, controllers)
        return self.run(agent, shard.starts, num_envs)

    def shards(self, genomes: NDArray[np.float64], starts: Starts, episodes: int) -> list[Shard]:
        """The shards of candidates with that many episodes each, in the order of the episodes.

        Where an environment costs the same in a small batch, a few make a shard, so that a single
        candidate keeps all cores busy. Elsewhere large batches are cheaper.
        """
        if not isinstance(starts, StartStates) and self.task.shard_episodes:
            size = self.task.max_envs
            tracks = [starts[number % len(starts)] for number in range(episodes)]
            parts = [tracks[first : first + size] for first in range(0, episodes, size)]
            return [Shard(one[None], part, len(part)) for one in genomes for part in parts]
        size = max(1, SHARD_EPISODES // episodes)
        groups = np.split(genomes, range(size, len(genomes), size))
        return [Shard(group, starts, episodes) for group in groups]

    def _dream(self, starts: StartStates, num_envs: int) -> VectorEnv:
        """A dream from these starts; M is burnt in on their context once."""
        key = (num_envs, starts.seed, starts.z.tobytes())
        if key not in self._dreams:
            settings = self._settings
            dream = DreamEnv(
                self._memory.members,
                starts,
                num_envs,
                settings.horizon or self.task.max_steps,
                settings.temperature,
                self._policy_memory,
                settings.sample_done,
                settings.inputs == "zch",
            )
            shaped = ShapedDream(dream, settings.terminal_value_steps, settings.steering_cost)
            self._dreams = {key: shaped}
        return self._dreams[key]

    def run(self, policy: Policy, tracks: Sequence[Hashable], num_envs: int) -> EpisodeStats:
        """The statistics of episodes in the environment, number i on tracks[i % len(tracks)]."""
        key = (num_envs, *tracks)
        if key not in self._envs:
            self._envs = {key: self.task.make_env(tracks, num_envs)}
        return rollout(self._envs[key], policy, self._settings.patience)


class FitnessEvaluator:
    """Scores candidates on a pool of workers.

    Args:
        worker: evaluates a shard.
        workers: map it over shards.
    """

    def __init__(self, worker: RolloutWorker, workers: WorkerPool[Shard, EpisodeStats]) -> None:
        self.worker = worker
        self._workers = workers

    def scores(self, genomes: NDArray[np.float64], starts: Starts, episodes: int) -> Scores:
        """Scores of candidates (n, genome_size), in that many episodes each, on the same starts."""
        stats = self._workers.map(self.worker.shards(genomes, starts, episodes))
        return Scores.of(EpisodeStats.concatenate(stats), episodes)
