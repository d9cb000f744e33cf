"""Scores of candidates do not depend on who evaluates which of them, nor where."""

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn
from tests.support.zero_policy import ZeroPolicy
from worldmodels.agent.agent import Agent
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import SHARD_EPISODES, FitnessEvaluator, RolloutWorker, Scores
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.conv_vae import ConvVAE

replace = msgspec.structs.replace


def processes(count: int) -> Compute:
    return replace(INLINE, executor="processes", workers=count)


def random_tracks_task(params, size: int, channels: int, max_steps: int):
    view = replace(params.env.view, size=size, channels=channels)
    return make_task(replace(params.env, tracks="random", view=view, max_steps=max_steps))


def deterministic_worker(params, rng: np.random.Generator) -> RolloutWorker:
    """A worker with the models of the reference stub."""
    task = random_tracks_task(params, 16, 1, 120)
    vision = Autoencoder.initial(256, 20, 5, rng)
    memory = DeterministicLSTM.initial(5, 2, 7, rng)
    return RolloutWorker(task, vision, memory, (5 + 7, 2), params.evolve_c)


def paper_worker(params, rng: np.random.Generator) -> RolloutWorker:
    """A worker with the models of the paper."""
    task = random_tracks_task(params, 64, 3, 10)
    vision = ConvVAE.initial((64, 64, 3), 5, 0.03, rng)
    memory = MDNLSTM.initial(5, 2, 7, rng, num_mixtures=2, min_std=0.01)
    return RolloutWorker(task, vision, memory, (5 + 7, 2), params.evolve_c)


@pytest.mark.parametrize("make_worker", [deterministic_worker, paper_worker])
def test_scores_are_the_same_bits_on_any_number_of_processes(quick, make_worker):
    worker = make_worker(quick, np.random.default_rng(0))
    genomes = np.random.default_rng(2).normal(0, 0.3, (70, worker.genome_size))
    genomes[:, -1] += 1  # throttle
    tracks = worker.task.sample_tracks(5, np.random.default_rng(3))
    shard = SHARD_EPISODES // 5
    assert len(genomes) > 2 * shard
    results = []
    for count in (1, 3):  # and two in the whole search below
        with WorkerPool(worker, processes(count)) as workers:
            results.append(FitnessEvaluator(worker, workers).scores(genomes, tracks, 5))
    alone, together = results
    np.testing.assert_array_equal(together.mean_return, alone.mean_return)
    np.testing.assert_array_equal(together.off_track, alone.off_track)
    assert np.ptp(alone.mean_return) > 1
    with WorkerPool(worker, INLINE) as workers:  # a shard does not depend on the others
        evaluator = FitnessEvaluator(worker, workers)
        part = evaluator.scores(genomes[shard : 2 * shard], tracks, 5)
    expected = alone.mean_return[shard : 2 * shard]
    np.testing.assert_array_equal(part.mean_return, expected)


def test_episodes_of_a_slow_simulator_are_sharded_with_the_same_scores(carracing):
    rng, task = np.random.default_rng(0), make_task(carracing.env)
    tracks = [70_000, 70_001, 70_002]
    vision = Autoencoder.initial(28 * 32 * 3, 20, 5, rng)
    memory = DeterministicLSTM.initial(5, 2, 7, rng)
    worker = RolloutWorker(task, vision, memory, (5 + 7, 2), carracing.evolve_c)
    genomes = rng.normal(0, 0.3, (2, worker.genome_size))
    shards = worker.shards(genomes, tracks, 20)
    assert [shard.episodes for shard in shards] == [8, 8, 4] * 2
    of_first = [track for shard in shards[:3] for track in shard.starts]
    assert of_first == [70_000 + number % 3 for number in range(20)]
    with WorkerPool(worker, INLINE) as workers:
        scores = FitnessEvaluator(worker, workers).scores(genomes, tracks, 20)
    for number, genome in enumerate(genomes):
        agent = Agent(vision, memory, worker.controllers(genome[None]))
        returns = worker.run(agent, tracks, 20).returns
        assert scores.mean_return[number] == pytest.approx(returns.mean())
        assert scores.std_return[number] == pytest.approx(returns.std())


def test_a_whole_search_finds_the_same_controller_on_two_processes(quick):
    env = replace(quick.env, tracks="random")
    settings = replace(quick.evolve_c, generations=2, episodes=20, population=14)
    params = replace(quick, env=env, evolve_c=settings)
    weights = [
        learn(replace(params, compute=processes(count)))
        .controllers.arrays(0)["layer1.weight"]
        .tobytes()
        for count in (1, 2)
    ]
    assert weights[0] == weights[1]


def test_steps_are_those_of_all_episodes_of_a_candidate(quick):
    task = make_task(replace(quick.env, max_steps=5))
    worker = RolloutWorker(task, None, None, (3, 2), quick.evolve_c)
    tracks = task.sample_tracks(1, np.random.default_rng(0))
    stats = worker.run(ZeroPolicy(), tracks, 6)
    assert Scores.of(stats, 3).steps.tolist() == [15, 15]
