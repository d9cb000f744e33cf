"""Speed-up by workers: a generation of the recipe `paper` on one and on two, as processes and on
a Dask cluster, and a far larger generation on clusters whose workers only sleep.

A worker that sleeps for as long as a shard takes needs no core of its own. It shows what sending
shards and gathering results costs for many more workers than this machine has cores.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np

from benchmarks.speed import min_seconds
from benchmarks.variants import recipe_path
from stages.train_v import initial_vision
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import SHARD_EPISODES, FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute, Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.training.member_trainer import initial_memory

ROUNDS = 3
SLEEPING_WORKERS = (16, 64)
SHARDS_PER_WORKER = 4  # 64 workers: 256 candidates of 32 episodes, for example


class Sleeper:
    """Sleeps instead of evaluating a shard.

    Args:
        duration: s.
    """

    def __init__(self, duration: float) -> None:
        self._duration = duration

    def __call__(self, shard: Any) -> float:
        """Sleep."""
        time.sleep(self._duration)
        return self._duration


class Generation:
    """A generation of the recipe, with untrained V and M and candidates whose actions are 0.

    Args:
        params: the recipe.
    """

    def __init__(self, params: Params) -> None:
        rng, settings = np.random.default_rng(0), params.evolve_c
        task = make_task(params.env)
        vision = initial_vision(params.train_v, task.observation_shape, rng)
        memory = Ensemble([initial_memory(params.train_m, vision.z_size, task.action_size, rng)])
        sizes = controller_sizes(settings, vision, memory)
        self._worker = RolloutWorker(task, vision, memory, sizes, settings)
        self._genomes = np.zeros((settings.population, self._worker.genome_size))
        self._tracks = task.sample_tracks(settings.episodes, rng)
        self._episodes = settings.episodes
        self.shards = len(self._worker.shards(self._genomes, self._tracks, settings.episodes))

    def seconds(self, compute: Compute) -> float:
        """The time of an evaluation, once all workers have started."""
        with WorkerPool(self._worker, compute) as workers:
            evaluator = FitnessEvaluator(self._worker, workers)

            def evaluate() -> None:
                evaluator.scores(self._genomes, self._tracks, self._episodes)

            evaluate()
            return min_seconds(evaluate, ROUNDS)


def local_cluster(workers: int, *, processes: bool) -> Any:
    """A Dask cluster on this machine, with one thread for each worker."""
    from distributed import LocalCluster

    cluster: Any = LocalCluster
    return cluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp://",
        dashboard_address=None,
    )


def on_cluster(cluster: Any) -> Compute:
    """The section `compute` of the params for a Dask cluster."""
    return msgspec.structs.replace(INLINE, executor="dask", scheduler=cluster.scheduler_address)


def main() -> None:
    """Print two tables as Markdown."""
    generation = Generation(read_params(recipe_path("paper")))
    print(f"A generation of `paper`, {generation.shards} shards of {SHARD_EPISODES} episodes\n")
    print("| workers | 1 | 2 | efficiency |\n|---|---|---|---|")
    inline = generation.seconds(INLINE)
    processes = msgspec.structs.replace(INLINE, executor="processes", workers=2)
    two = generation.seconds(processes)
    print(f"| processes | {inline:.2f} s | {two:.2f} s | {inline / two / 2:.2f} |")
    dask = {}
    for count in (1, 2):
        with local_cluster(count, processes=True) as cluster:
            dask[count] = generation.seconds(on_cluster(cluster))
    print(f"| Dask | {dask[1]:.2f} s | {dask[2]:.2f} s | {dask[1] / dask[2] / 2:.2f} |")
    print(f"\nCost of sending, a share of one Dask worker's time: {1 - inline / dask[1]:.1%}")

    shard = inline / generation.shards
    print(f"\n{SHARDS_PER_WORKER} shards of {shard:.2f} s a worker, and workers that sleep\n")
    print("| workers | seconds a generation | efficiency |\n|---|---|---|")
    for count in SLEEPING_WORKERS:
        with (
            local_cluster(count, processes=False) as cluster,
            WorkerPool(Sleeper(shard), on_cluster(cluster)) as workers,
        ):
            shards = range(SHARDS_PER_WORKER * count)
            workers.map(shards)  # until all workers have started
            each = min_seconds(lambda workers=workers, shards=shards: workers.map(shards))  # type: ignore[misc]
        print(f"| {count} | {each:.2f} | {SHARDS_PER_WORKER * shard / each:.2f} |", flush=True)


if __name__ == "__main__":
    main()
