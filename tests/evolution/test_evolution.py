"""The search for C: independent runs from the same start, with different mutations."""

import msgspec
import numpy as np
import pytest

from worldmodels.envs.registry import make_task
from worldmodels.evolution.fitness import Scores
from worldmodels.evolution.search import check_fitness, evolve
from worldmodels.pipeline.checkpoints import NoCheckpoints
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.seeding import RandomStreams

replace = msgspec.structs.replace
START = np.array([1.0, -2.0, 3.0])


class SphereEvaluator:
    """An evaluator whose fitness is minus the squared norm; it keeps all candidates."""

    genome_size = 3

    def __init__(self):
        self.worker, self.candidates = self, []

    def scores(self, genomes, starts, episodes):
        self.candidates.append(genomes)
        zeros = np.zeros(len(genomes), int)
        return Scores(-(genomes**2).sum(axis=1), zeros, zeros, zeros + 7)


class NoiseEvaluator(SphereEvaluator):
    """An evaluator whose fitness is noise."""

    def __init__(self, rng):
        super().__init__()
        self.rng = rng

    def scores(self, genomes, starts, episodes):
        scores = super().scores(genomes, starts, episodes)
        return scores._replace(mean_return=self.rng.normal(size=len(genomes)))


def search(settings, evaluator, env, seed=0):
    """The history of a search from START."""
    sample_tracks = make_task(env).sample_tracks
    streams = RandomStreams(seed, "evolve_c")
    return evolve(settings, evaluator, START, sample_tracks, streams, NoCheckpoints())


@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
def test_each_run_begins_at_the_start_with_its_own_mutations(quick, strategy):
    settings = replace(quick.evolve_c, strategy=strategy, generations=4, sigma=0.01)
    one, three = SphereEvaluator(), SphereEvaluator()
    single = search(replace(settings, runs=1), one, quick.env)
    history = search(replace(settings, runs=3), three, quick.env)
    np.testing.assert_array_equal(three.candidates[:4], one.candidates)
    assert len(three.candidates) == 12
    first_generations = three.candidates[::4]
    for candidates in first_generations:
        np.testing.assert_allclose(candidates.mean(axis=0), START, atol=0.02)
    assert len({candidates.tobytes() for candidates in first_generations}) == 3
    np.testing.assert_array_equal(history.mean[0], single.mean[0])
    assert history.mean.shape == (3, 4, 3)
    assert history.fitness.shape == (3, 4, settings.population)
    distance = np.linalg.norm(history.mean - START, axis=2)
    assert (np.diff(distance) > 0).all()


@pytest.mark.parametrize("runs", [3, 9])
def test_the_mean_of_several_runs_has_less_variance(quick, runs):
    """With a fitness of noise alone, the mean of the runs stays near the start."""
    settings = replace(quick.evolve_c, generations=6)
    distances = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        histories = [
            search(replace(settings, runs=count), NoiseEvaluator(rng), quick.env, seed)
            for count in (1, runs)
        ]
        distances.append([np.linalg.norm(each.mean_of_runs[-1] - START) for each in histories])
    of_one, of_several = np.square(distances).mean(axis=0)
    assert of_several < 1.6 * of_one / runs


def test_a_fitness_that_is_not_finite_names_the_generation_and_a_remedy():
    with pytest.raises(ParamsError) as caught:
        check_fitness(np.array([1.0, np.nan, np.inf]), 6)
    assert str(caught.value) == (
        "evolve_c.sigma: in generation 7 candidate 2 has a fitness of nan, and 2 of 3 have none "
        "that is a finite number; try a smaller sigma, or look at the losses of V and M"
    )
