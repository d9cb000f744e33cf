"""Scores must not hang on who drives what where."""

import os
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks.learning import learn
from worldmodels.agent.agent import Agent
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import SHARD_CARS, FitnessEvaluator, RolloutWorker
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.mdn_lstm import MDNLSTM
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.env_params import RacingParams
from worldmodels.pipeline.config.params import INLINE, Compute
from worldmodels.pipeline.config.reader import read_params
from worldmodels.pipeline.errors import UserError
from worldmodels.vision.autoencoder import Autoencoder
from worldmodels.vision.conv_vae import ConvVAE

ROOT = Path(__file__).resolve().parents[2]
replace = msgspec.structs.replace
NOTE = read_params(ROOT / "params.yaml")


def processes(count: int) -> Compute:
    return replace(INLINE, executor="processes", workers=count)


def die(shard: int) -> None:
    os._exit(3 + shard)


def process(shard: int) -> int:
    time.sleep(0.2)  # leaves the next shard to someone else
    return os.getpid()


def plain(rng: np.random.Generator) -> RolloutWorker:
    vision = Autoencoder.initial(256, 20, 5, rng)
    memory = DeterministicLSTM.initial(5, 2, 7, rng)
    return RolloutWorker(random_roads(16, 1, 120), vision, memory, (5 + 7, 2), NOTE.evolve_c)


def papers(rng: np.random.Generator) -> RolloutWorker:
    vision = ConvVAE.initial((64, 64, 3), 5, 0.03, rng)
    memory = MDNLSTM.initial(5, 2, 7, rng, mixtures=2, min_std=0.01)
    return RolloutWorker(random_roads(64, 3, 10), vision, memory, (5 + 7, 2), NOTE.evolve_c)


def random_roads(size: int, channels: int, max_steps: int) -> RacingParams:
    env = read_params(ROOT / "recipes" / "quick" / "params.yaml").env
    view = replace(env.view, size=size, channels=channels)
    return replace(env, tracks="random", view=view, max_steps=max_steps)


@pytest.mark.parametrize("make", [plain, papers])
def test_the_scores_are_the_same_bits_on_any_number_of_processes(make):
    worker = make(np.random.default_rng(0))
    genomes = np.random.default_rng(2).normal(0, 0.3, (70, worker.genome_size))
    genomes[:, -1] += 1  # throttle
    tracks = make_task(random_roads(16, 1, 120)).draw(5, np.random.default_rng(3))
    num_workers = SHARD_CARS // 5
    assert len(genomes) > 2 * num_workers
    results = []
    for count in (1, 2, 3):
        with WorkerPool(worker, processes(count)) as workers:
            results.append(FitnessEvaluator(worker, workers).scores(genomes, tracks, 5))
    for result in results[1:]:
        np.testing.assert_array_equal(result.mean_return, results[0].mean_return)
        np.testing.assert_array_equal(result.off_track, results[0].off_track)
    assert np.ptp(results[0].mean_return) > 1
    with WorkerPool(worker, INLINE) as workers:  # a shard knows nothing of the others
        part = FitnessEvaluator(worker, workers).scores(
            genomes[num_workers : 2 * num_workers], tracks, 5
        )
    expected = results[0].mean_return[num_workers : 2 * num_workers]
    np.testing.assert_array_equal(part.mean_return, expected)


def test_episodes_of_a_dear_game_are_dealt_out_and_scores_are_the_same(carracing):
    params, rng = carracing, np.random.default_rng(0)
    vision = Autoencoder.initial(28 * 32 * 3, 20, 5, rng)
    memory = DeterministicLSTM.initial(5, 2, 7, rng)
    worker = RolloutWorker(params.env, vision, memory, (5 + 7, 2), params.evolve_c)
    genomes = rng.normal(0, 0.3, (2, worker.genome_size))
    shards = worker.shards(genomes, [70_000, 70_001, 70_002], 20)
    assert [shard.episodes for shard in shards] == [8, 8, 4] * 2
    driven = [place for shard in shards[:3] for place in shard.where]
    assert driven == [70_000 + number % 3 for number in range(20)]
    with WorkerPool(worker, INLINE) as workers:
        scores = FitnessEvaluator(worker, workers).scores(genomes, [70_000, 70_001, 70_002], 20)
    for number, genome in enumerate(genomes):
        agent = Agent(vision, memory, worker.controllers(genome[None]))
        returns = worker.drive(agent, [70_000, 70_001, 70_002], 20).returns
        assert scores.mean_return[number] == pytest.approx(returns.mean())
        assert scores.std_return[number] == pytest.approx(returns.std())


def test_the_whole_search_comes_to_the_same_controller_on_two_processes(quick):
    env = replace(quick.env, tracks="random")
    settings = replace(quick.evolve_c, generations=2, episodes=20, population=14)
    params = replace(quick, env=env, evolve_c=settings)
    weights = [
        learn(replace(params, compute=replace(params.compute, workers=count)))
        .controllers.arrays(0)["layer1.weight"]
        .tobytes()
        for count in (1, 2)
    ]
    assert weights[0] == weights[1]


def test_shards_are_shared_out_among_processes_and_results_stay_in_order():
    with WorkerPool(process, processes(2)) as workers:
        at_work = workers.map(range(4))
        assert len(set(at_work)) == 2
        assert os.getpid() not in at_work
        assert workers.map([0]) == [os.getpid()]  # one shard stays at home
    with WorkerPool(abs, processes(2)) as workers:
        assert workers.map([-3, 2, -1, 0]) == [3, 2, 1, 0]


def test_a_worker_that_dies_is_said_in_words():
    with (
        WorkerPool(die, processes(2)) as workers,
        pytest.raises(UserError, match=r"a worker process died.*compute\.workers"),
    ):
        workers.map([0, 1])
