"""What more workers bring: a generation of recipe `canvas` on one and on two, as processes and on a
Dask cluster, and a far larger generation on clusters whose workers only sleep.

A worker that sleeps for as long as a shard takes needs no core of its own: so what dealing out and
gathering cost shows for many more workers than this machine has.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is there to read it

import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.speed import seconds
from stages.train_v import initial_vision
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import SHARD_CARS, FitnessEvaluator, RolloutWorker
from worldmodels.evolution.search import controller_sizes
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute, Params
from worldmodels.pipeline.config.reader import read_params
from worldmodels.training.member_trainer import initial_memory

ROUNDS = 3
ASLEEP = (16, 64)  # workers
EACH = 4  # shards of a generation for every worker: 64 are 256 candidates with 32 episodes, say


class Sleeper:
    """Takes as long for a shard as a core does.

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
    """One of the recipe's, with V and M that have learned nothing and cars that stand still.

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
        """What it takes, once everyone is ready."""
        with WorkerPool(self._worker, compute) as workers:
            evaluator = FitnessEvaluator(self._worker, workers)

            def once() -> None:
                evaluator.scores(self._genomes, self._tracks, self._episodes)

            once()
            return seconds(once, ROUNDS)


def on_dask(workers: int, *, processes: bool) -> Any:
    """A cluster on this machine, with a thread for each worker."""
    from distributed import LocalCluster

    cluster: Any = LocalCluster
    return cluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp://",
        dashboard_address=None,
    )


def main() -> None:
    """Print two tables."""
    params = read_params(Path("recipes/paper.yaml"))
    generation = Generation(params)
    replace = msgspec.structs.replace
    print(f"A generation of `canvas`, {generation.shards} shards of {SHARD_CARS} cars\n")
    print("| workers | 1 | 2 | efficiency |\n|---|---|---|---|")
    inline = generation.seconds(INLINE)
    two = generation.seconds(replace(INLINE, executor="processes", workers=2))
    print(f"| processes | {inline:.2f} s | {two:.2f} s | {inline / two / 2:.2f} |")
    on = {}
    for count in (1, 2):
        with on_dask(count, processes=True) as cluster:
            compute = replace(INLINE, executor="dask", scheduler=cluster.scheduler_address)
            on[count] = generation.seconds(compute)
    print(f"| Dask | {on[1]:.2f} s | {on[2]:.2f} s | {on[1] / on[2] / 2:.2f} |")
    print(f"\nLost to sending, of Dask's one worker: {1 - inline / on[1]:.1%}")

    a_shard = inline / generation.shards
    print(f"\n{EACH} shards a worker that take {a_shard:.2f} s each, of workers that sleep\n")
    print("| workers | seconds a generation | efficiency |\n|---|---|---|")
    for count in ASLEEP:
        with on_dask(count, processes=False) as cluster:
            compute = replace(INLINE, executor="dask", scheduler=cluster.scheduler_address)
            with WorkerPool(Sleeper(a_shard), compute) as workers:
                shards = range(EACH * count)
                workers.map(shards)  # so that everyone is ready
                each = seconds(lambda workers=workers, shards=shards: workers.map(shards))  # type: ignore[misc]
        print(f"| {count} | {each:.2f} | {EACH * a_shard / each:.2f} |", flush=True)


if __name__ == "__main__":
    main()
