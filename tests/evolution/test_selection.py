"""Which C is kept: by dreams and roads that it has not learned on, or by checks on the way."""

import msgspec
import numpy as np
import pytest

from stages.collect import collect
from stages.encode import encode
from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import FitnessEvaluator, RolloutWorker, Scores
from worldmodels.evolution.search import controller_sizes, evolve_c
from worldmodels.evolution.selection import History, incumbents, select_checkpoint
from worldmodels.memory.deterministic_lstm import DeterministicLSTM
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.checkpoints import NoCheckpoints
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.reports import EVOLUTION
from worldmodels.pipeline.seeding import RandomStreams
from worldmodels.vision.autoencoder import Autoencoder

replace = msgspec.structs.replace


def test_the_champion_stays_on_the_road_before_it_scores(reference):
    returns = np.array([10, 50, 90, 40, 45, 60], float)  # best, mean of three generations
    off = np.array([0, 0, 1, 1, 0, 0])
    scores = Scores(returns, np.zeros(6), off, np.ones(6, int))
    assert incumbents(scores, reference.evolve_c).tolist() == [1, 1, 5]
    dreaming = replace(reference.evolve_c, train_in="dream")
    assert incumbents(scores, dreaming).tolist() == [1, 2, 2]  # where the end is a matter of chance
    cautious = replace(dreaming, caution=1.0)
    risky = scores._replace(std_return=np.array([0, 0, 80, 0, 0, 0.0]))
    assert incumbents(risky, cautious).tolist() == [1, 1, 5]


def test_who_leaves_the_road_less_often_is_better_where_all_leave_it(reference):
    returns, off = np.array([10, 90, 50, 60], float), np.array([2, 2, 1, 1])
    scores = Scores(returns, np.zeros(4), off, np.ones(4, int))
    assert incumbents(scores, reference.evolve_c).tolist() == [1, 3]


class ByNumber:
    """A judge to whom a genome is a number: that of its return, and of its steps."""

    def __init__(self, returns):
        self.returns, self.load_teacher_labels = np.array(returns, float), []

    def scores(self, genomes, where, episodes):
        numbers = genomes[:, 0].astype(int)
        self.load_teacher_labels.append((numbers.tolist(), where, episodes))
        return Scores(self.returns[numbers], 0 * numbers, numbers % 2, 10 * numbers)


def readable(params, returns, every, means=None):
    """The choice among where the search began, number 0, and the means, and whom the judge was
    asked about. The means (searches, generations) are one search's numbers from 1 on if none are
    given.
    """
    settings = replace(params.evolve_c, eval_every=every, validation_episodes=3)
    evaluator = ByNumber(returns)
    mean = np.array(means or [range(1, len(returns))], float)[:, :, None]
    left = np.zeros((*mean.shape[:2], 4)), np.zeros(mean.shape[:2])
    history = History(np.zeros(1), mean - 1, mean, *left)
    roads, streams = make_task(params.env), RandomStreams(0, "evolve_c")
    choice = select_checkpoint(settings, evaluator, roads, history, streams, NoCheckpoints())
    ((numbers, where, episodes),) = evaluator.load_teacher_labels
    assert (where, episodes) == (
        roads.sample_tracks(3, RandomStreams(0, "evolve_c")("validation tracks")),
        3,
    )
    return choice, numbers


def test_the_mean_of_every_so_many_generations_and_the_last_is_checked(quick):
    params = replace(quick, env=replace(quick.env, tracks="random"))
    choice, numbers = readable(params, [1, 0, 0, 5, 99, 99, 9, 7], every=3)
    assert numbers == [0, 3, 6, 7]
    assert (choice.genome.tolist(), choice.generation, choice.chosen) == ([6], 6, "mean")
    assert (choice.off_track, choice.real_off_track) == (0, 0)
    assert choice.real_steps == 30 + 60 + 70
    assert choice.distribution_mean.tolist() == [1, 1, 5, 5, 5, 9, 7]  # the last check's
    assert choice.champion.tolist() == choice.real.tolist() == [1, 1, 5, 5, 5, 9, 9]


def test_where_the_search_began_may_be_best(quick):
    choice, _ = readable(quick, [8, 99, 7, 99, 6], every=2)
    assert (choice.genome.tolist(), choice.generation, choice.chosen) == ([0], 0, "start")
    assert choice.champion.tolist() == [8, 8, 8, 8]
    assert choice.distribution_mean.tolist() == [8, 7, 7, 6]


@pytest.mark.parametrize(
    ("every", "numbers"), [(1, [0, 1, 2, 3]), (2, [0, 2, 3]), (3, [0, 3]), (9, [0, 3])]
)
def test_no_generation_is_checked_twice_and_the_last_one_always(quick, every, numbers):
    assert readable(quick, [0, 1, 2, 3], every)[1] == numbers


SEVERAL = [[1, 2, 3, 4], [5, 8, 7, 10]]  # two searches; their middles 3, 5, 5, 7


def test_of_several_searches_the_middle_is_checked(quick):
    returns = [0, 9, 9, 9, 9, 1, 9, 2, 9, 9, 9]
    choice, numbers = readable(quick, returns, 2, SEVERAL)
    assert numbers == [0, 5, 7]
    assert (choice.genome.tolist(), choice.generation, choice.chosen) == ([7], 4, "mean")
    assert choice.champion.tolist() == [0, 1, 1, 2]


def test_several_searches_are_looked_at_as_one():
    best, mean = np.arange(12.0).reshape(2, 3, 2), np.arange(20.0, 32).reshape(2, 3, 2)
    fitness = np.array([[[1, 5], [2, 2], [3, 0]], [[6, 0], [0, 1], [0, 4]]], float)
    history = History(np.zeros(2), best, mean, fitness, np.zeros((2, 3)))
    mean_of_runs = (mean[0] + mean[1]) / 2
    assert history.mean_of_runs.tolist() == mean_of_runs.tolist()
    assert history.genomes[::2].tolist() == [[6, 7], [2, 3], [10, 11]]
    assert history.genomes[1::2].tolist() == mean_of_runs.tolist()
    assert history.all_fitness.tolist() == [[1, 5, 6, 0], [2, 2, 0, 1], [3, 0, 0, 4]]


class Watched(FitnessEvaluator):
    """Remembers what was driven: whether it was dreamt, and the steps of it."""

    def __init__(self, evaluator):
        vars(self).update(vars(evaluator))
        self.nights, self.steps = [], []

    def scores(self, genomes, where, episodes):
        scores = super().scores(genomes, where, episodes)
        if isinstance(where, list):
            self.steps.append(scores.steps)
        else:
            self.nights.append((where, scores.steps))
        return scores


def test_c_learns_in_short_dreams_that_begin_anywhere_and_is_checked_on_roads(quick):
    settings = replace(
        quick.evolve_c,
        train_in="dream", horizon=7, burn_in=5, episodes=6, population=4,
        generations=4, eval_every=3, validation_episodes=2,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    vision = Autoencoder.initial(256, 64, 16, rng)
    rollouts, _ = collect(quick.collect, quick.env, RandomStreams(0, "collect"))
    latents, _ = encode(quick.encode, rollouts, vision)
    memory = Ensemble([DeterministicLSTM.initial(16, 2, 4, rng, predict_reward_done=True)])
    worker = RolloutWorker(
        quick.env, vision, memory, controller_sizes(settings, vision, memory), settings
    )
    evaluator = Watched(FitnessEvaluator(worker, WorkerPool(worker, INLINE)))
    _, report = evolve_c(settings, quick.env, evaluator, latents, RandomStreams(0, "evolve_c"))
    assert len(evaluator.nights) == 4
    for night, steps in evaluator.nights:
        assert night.past.z.shape == (6, 5, 16)
        assert (steps <= 6 * 7).all()
    (steps,) = evaluator.steps
    assert report.metrics["eval_steps"] == steps.sum() > 2 * 7
    assert report.metrics["chosen_generation"] in (0, 3, 4)
    assert report.metrics["validation_return"] == report.metrics["real_return"]
    assert all(tuple(row) == EVOLUTION for row in report.curve)
    real = [row["real"] for row in report.curve]
    assert real[0] == real[1] <= real[2] <= real[3]


def test_steps_are_those_of_all_of_a_candidates_episodes(quick):
    env = replace(quick.env, max_steps=5)
    worker = RolloutWorker(env, None, None, (3, 2), quick.evolve_c)
    outcome = worker.drive(Standing(), make_task(env).sample_tracks(1, np.random.default_rng(0)), 6)
    assert Scores.of(outcome, 3).steps.tolist() == [15, 15]


class Standing:
    def reset(self, num_envs):
        self.num_envs = num_envs

    def keep(self, rows):
        self.num_envs = len(rows)

    def act(self, observations):
        return np.zeros((self.num_envs, 2))
