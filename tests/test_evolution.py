"""The search for C, and its searches: the same start, other mutations."""

import msgspec
import numpy as np
import pytest

from stages.evolution import evolve
from stages.grounds import grounds_of
from stages.judge import Scores
from stages.randomness import Streams
from stages.scratch import NoScratch

replace = msgspec.structs.replace
START = np.array([1.0, -2.0, 3.0])


class Bowl:
    """A judge and its fleet, to whom a genome is the better the nearer to 0."""

    genome_size = 3

    def __init__(self):
        self.fleet, self.asked = self, []

    def scores(self, genomes, where, episodes):
        self.asked.append(genomes)
        none = np.zeros(len(genomes), int)
        return Scores(-(genomes**2).sum(axis=1), none, none, none + 7)


@pytest.mark.parametrize("strategy", ["rank_mu", "cma_es", "sep_cma_es", "openai_es"])
def test_each_search_begins_anew_at_the_start_with_mutations_of_its_own(quick, strategy):
    settings = replace(quick.evolve_c, strategy=strategy, generations=4, sigma=0.01)

    def searched(searches):
        judge, roads = Bowl(), grounds_of(quick.world)
        several = replace(settings, searches=searches)
        return judge, evolve(several, judge, START, roads, Streams(0, "evolve_c"), NoScratch())

    (one, alone), (all_three, history) = searched(1), searched(3)
    np.testing.assert_array_equal(history.mean[:4], alone.mean)
    np.testing.assert_array_equal(all_three.asked[:4], one.asked)
    assert len(history.mean) == len(history.fitness) == 12
    first = all_three.asked[::4]
    for mutations in first:
        np.testing.assert_allclose(mutations.mean(axis=0), START, atol=0.02)
    assert len({mutations.tobytes() for mutations in first}) == 3
    apart = np.linalg.norm(history.mean - START, axis=1).reshape(3, 4)
    assert (np.diff(apart) > 0).all()  # each climbs, and none from where another ended
