"""Selection of the final C, on episodes that it was not trained on."""

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


def test_the_incumbent_stays_on_the_road_first_and_scores_second(reference):
    returns = np.array([10, 50, 90, 40, 45, 60], float)  # best and mean of three generations
    off = np.array([0, 0, 1, 1, 0, 0])
    scores = Scores(returns, np.zeros(6), off, np.ones(6, int))
    assert incumbents(scores, reference.evolve_c).tolist() == [1, 1, 5]
    in_dreams = replace(reference.evolve_c, train_in="dream")
    assert incumbents(scores, in_dreams).tolist() == [1, 2, 2]  # terminations there are chance
    risk_averse = replace(in_dreams, risk_aversion=1.0)
    risky = scores._replace(std_return=np.array([0, 0, 80, 0, 0, 0.0]))
    assert incumbents(risky, risk_averse).tolist() == [1, 1, 5]


def test_fewer_terminations_are_better_where_all_candidates_have_some(reference):
    returns, off = np.array([10, 90, 50, 60], float), np.array([2, 2, 1, 1])
    scores = Scores(returns, np.zeros(4), off, np.ones(4, int))
    assert incumbents(scores, reference.evolve_c).tolist() == [1, 3]


def test_where_there_is_no_track_a_termination_may_be_a_success(reference):
    returns, ended = np.array([-500, -100, -90, -500], float), np.array([0, 2, 2, 0])
    scores = Scores(returns, np.zeros(4), ended, np.ones(4, int))
    assert incumbents(scores, reference.evolve_c, has_track=False).tolist() == [1, 2]


class TableEvaluator:
    """An evaluator for genomes that are numbers: entry n of a table is the return of genome n.

    Genome n takes 10 n steps, and is terminated n % 2 times.
    """

    def __init__(self, returns):
        self.returns, self.calls = np.array(returns, float), []

    def scores(self, genomes, starts, episodes):
        numbers = genomes[:, 0].astype(int)
        self.calls.append((numbers.tolist(), starts, episodes))
        return Scores(self.returns[numbers], 0 * numbers, numbers % 2, 10 * numbers)


def selection_by_checkpoints(params, returns, every, means=None):
    """The selection among the start, number 0, and the means, and the numbers that were evaluated.

    The means (runs, generations) are by default those of one run, numbered from 1.
    """
    settings = replace(params.evolve_c, eval_every=every, validation_episodes=3)
    evaluator = TableEvaluator(returns)
    mean = np.array(means or [range(1, len(returns))], float)[:, :, None]
    each = mean.shape[:2]
    history = History(np.zeros(1), mean - 1, mean, np.zeros((*each, 4)), np.zeros(each))
    task, streams = make_task(params.env), RandomStreams(0, "evolve_c")
    selection = select_checkpoint(settings, evaluator, task, history, streams, NoCheckpoints())
    ((numbers, starts, episodes),) = evaluator.calls
    tracks = task.sample_tracks(3, RandomStreams(0, "evolve_c")("validation tracks"))
    assert (starts, episodes) == (tracks, 3)
    return selection, numbers


def test_the_mean_is_evaluated_at_every_interval_and_after_the_last_generation(quick):
    params = replace(quick, env=replace(quick.env, tracks="random"))
    selection, numbers = selection_by_checkpoints(params, [1, 0, 0, 5, 99, 99, 9, 7], every=3)
    assert numbers == [0, 3, 6, 7]
    assert (selection.genome.tolist(), selection.generation, selection.chosen) == ([6], 6, "mean")
    assert (selection.off_track, selection.validation_off_track) == (0, 0)
    assert selection.env_steps == 30 + 60 + 70
    of_last_evaluation = [1, 1, 5, 5, 5, 9, 7]
    assert selection.distribution_mean.tolist() == of_last_evaluation
    best_so_far = [1, 1, 5, 5, 5, 9, 9]
    assert selection.incumbent.tolist() == selection.validation.tolist() == best_so_far


def test_the_start_is_selected_if_it_is_best(quick):
    selection, _ = selection_by_checkpoints(quick, [8, 99, 7, 99, 6], every=2)
    assert (selection.genome.tolist(), selection.generation, selection.chosen) == ([0], 0, "start")
    assert selection.incumbent.tolist() == [8, 8, 8, 8]
    assert selection.distribution_mean.tolist() == [8, 7, 7, 6]


@pytest.mark.parametrize(
    ("every", "numbers"), [(1, [0, 1, 2, 3]), (2, [0, 2, 3]), (3, [0, 3]), (9, [0, 3])]
)
def test_no_generation_is_evaluated_twice_and_the_last_one_always_is(quick, every, numbers):
    assert selection_by_checkpoints(quick, [0, 1, 2, 3], every)[1] == numbers


TWO_RUNS = [[1, 2, 3, 4], [5, 8, 7, 10]]  # whose means are 3, 5, 5, 7


def test_the_mean_of_several_runs_is_evaluated(quick):
    returns = [0, 9, 9, 9, 9, 1, 9, 2, 9, 9, 9]
    selection, numbers = selection_by_checkpoints(quick, returns, 2, TWO_RUNS)
    assert numbers == [0, 5, 7]
    assert (selection.genome.tolist(), selection.generation, selection.chosen) == ([7], 4, "mean")
    assert selection.incumbent.tolist() == [0, 1, 1, 2]


def test_the_history_of_several_runs_combines_them():
    best, mean = np.arange(12.0).reshape(2, 3, 2), np.arange(20.0, 32).reshape(2, 3, 2)
    fitness = np.array([[[1, 5], [2, 2], [3, 0]], [[6, 0], [0, 1], [0, 4]]], float)
    history = History(np.zeros(2), best, mean, fitness, np.zeros((2, 3)))
    mean_of_runs = (mean[0] + mean[1]) / 2
    assert history.mean_of_runs.tolist() == mean_of_runs.tolist()
    assert history.genomes[::2].tolist() == [[6, 7], [2, 3], [10, 11]]
    assert history.genomes[1::2].tolist() == mean_of_runs.tolist()
    assert history.all_fitness.tolist() == [[1, 5, 6, 0], [2, 2, 0, 1], [3, 0, 0, 4]]


class RecordingEvaluator(FitnessEvaluator):
    """An evaluator that keeps the start states of dreams, and the steps of all episodes."""

    def __init__(self, worker):
        super().__init__(worker, WorkerPool(worker, INLINE))
        self.in_dreams, self.steps_in_env = [], []

    def scores(self, genomes, starts, episodes):
        scores = super().scores(genomes, starts, episodes)
        if isinstance(starts, list):
            self.steps_in_env.append(scores.steps)
        else:
            self.in_dreams.append((starts, scores.steps))
        return scores


def search_in_dreams(params, start=None, **changes):
    """The genome, the stage's result and the evaluator of a search in short dreams."""
    settings = replace(
        params.evolve_c,
        train_in="dream", horizon=7, burn_in=5, episodes=6, population=4,
        generations=4, eval_every=3, validation_episodes=2,
    )  # fmt: skip
    settings = replace(settings, **changes)
    rng, task = np.random.default_rng(0), make_task(params.env)
    vision = Autoencoder.initial(256, 64, 16, rng)
    rollouts, _ = collect(params.collect, task, RandomStreams(0, "collect"))
    latents, _ = encode(params.encode, rollouts, vision)
    memory = Ensemble([DeterministicLSTM.initial(16, 2, 4, rng, predict_reward_done=True)])
    sizes = controller_sizes(settings, vision, memory)
    evaluator = RecordingEvaluator(RolloutWorker(task, vision, memory, sizes, settings))
    streams = RandomStreams(0, "evolve_c")
    genome, result = evolve_c(settings, evaluator, latents, streams, start=start)
    return genome, result, evaluator


def test_c_is_trained_in_short_dreams_and_evaluated_in_the_environment(quick):
    _, result, evaluator = search_in_dreams(quick)
    assert len(evaluator.in_dreams) == 4
    for start_states, steps in evaluator.in_dreams:
        assert start_states.context.z.shape == (6, 5, 16)
        assert (steps <= 6 * 7).all()
    (steps,) = evaluator.steps_in_env
    assert result.details["validation_steps"] == steps.sum() > 2 * 7
    assert result.details["chosen_generation"] in (0, 3, 4)
    assert "dream_return" not in result.metrics
    assert result.metrics["validation_return"] == result.curve[-1]["incumbent"]
    assert all(tuple(row) == EVOLUTION for row in result.curve)
    validation = [row["validation"] for row in result.curve]
    assert validation[0] == validation[1] <= validation[2] <= validation[3]


@pytest.mark.parametrize("eval_every", [0, 3])
def test_without_generations_c_is_the_start(quick, eval_every):
    start = np.linspace(-1, 1, 2 * (16 + 4 + 1))
    genome, result, evaluator = search_in_dreams(
        quick, start, generations=0, runs=2, eval_every=eval_every
    )
    assert (genome == start).all()
    assert (result.details["chosen"], result.details["chosen_generation"]) == ("start", 0)
    (row,) = result.curve
    assert (row["generation"], row["sigma"]) == (0, 0)
    ((_, steps),) = evaluator.in_dreams
    assert row["best"] == row["mean"] == row["median"]
    assert steps.shape == (1,)
    assert row["validation"] == result.metrics["validation_return"]
    assert "scored alike" not in result.summary
