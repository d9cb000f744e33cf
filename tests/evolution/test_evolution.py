"""The search for C, and its searches: the same start, other mutations."""

import msgspec
import numpy as np
import pytest

from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import Scores
from worldmodels.evolution.search import evolve
from worldmodels.pipeline.checkpoints import NoCheckpoints
from worldmodels.pipeline.seeding import RandomStreams

replace = msgspec.structs.replace
START = np.array([1.0, -2.0, 3.0])


class Bowl:
    """A judge and its fleet, to whom a genome is the better the nearer to 0."""

    genome_size = 3

    def __init__(self):
        self.worker, self.load_teacher_labels = self, []

    def scores(self, genomes, where, episodes):
        self.load_teacher_labels.append(genomes)
        none = np.zeros(len(genomes), int)
        return Scores(-(genomes**2).sum(axis=1), none, none, none + 7)


@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
def test_each_search_begins_anew_at_the_start_with_mutations_of_its_own(quick, strategy):
    settings = replace(quick.evolve_c, strategy=strategy, generations=4, sigma=0.01)

    def searched(searches):
        evaluator, roads = Bowl(), make_task(quick.env)
        several = replace(settings, searches=searches)
        return evaluator, evolve(
            several, evaluator, START, roads, RandomStreams(0, "evolve_c"), NoCheckpoints()
        )

    (one, alone), (all_three, history) = searched(1), searched(3)
    np.testing.assert_array_equal(all_three.load_teacher_labels[:4], one.load_teacher_labels)
    assert len(all_three.load_teacher_labels) == 12
    first = all_three.load_teacher_labels[::4]
    for mutations in first:
        np.testing.assert_allclose(mutations.mean(axis=0), START, atol=0.02)
    assert len({mutations.tobytes() for mutations in first}) == 3
    np.testing.assert_array_equal(history.mean[0], alone.mean[0])
    assert history.mean.shape == (3, 4, 3)
    assert history.fitness.shape == (3, 4, settings.population)
    apart = np.linalg.norm(history.mean - START, axis=2)
    assert (np.diff(apart) > 0).all()


@pytest.mark.parametrize("searches", [3, 9])
def test_the_middle_of_several_has_less_chance_in_it(quick, searches):
    """Where fitness says nothing, they go nowhere together."""
    settings = replace(quick.evolve_c, generations=6, searches=searches)

    class Flat(Bowl):
        def scores(self, genomes, where, episodes):
            scores = super().scores(genomes, where, episodes)
            return scores._replace(mean_return=rng.normal(size=len(genomes)))

    ends = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        streams, roads = RandomStreams(seed, "evolve_c"), make_task(quick.env)
        end = [
            evolve(
                replace(settings, searches=count), Flat(), START, roads, streams, NoCheckpoints()
            )
            for count in (1, searches)
        ]
        ends.append([np.linalg.norm(history.mean_of_runs[-1] - START) for history in end])
    alone, together = np.square(ends).mean(axis=0)
    assert together < 1.6 * alone / searches
