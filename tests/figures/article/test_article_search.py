"""The search for C that the article runs: its strategy is Python's, and its C can drive."""

import json

import numpy as np
import pytest

from worldmodels.evolution.cma_es import SepCMAES

GENERATIONS = 40

# Asks and tells with given mutations and fitness; the distribution after each generation.
SEARCH = """async (mean, sigma, mutations, fitness) => {
  const { SepCMAES } = await import("article/evolution.js");
  const numbers = mutations.flat(2);
  let at = 0;
  const strategy = new SepCMAES(mean, sigma, fitness[0].length, () => numbers[at++]);
  return fitness.map((values) => {
    const candidates = strategy.ask();
    strategy.tell(values);
    return { candidates, mean: strategy.mean, sigma: strategy.sigma, scale: strategy.scale };
  });
}"""

# Searches with the article's settings, and drives the last distribution's mean on roads.
EVOLVE = """() => {
  const { evolution } = article;
  const { search } = evolution;
  while (!search.done) search.advance();
  evolution.follow(0);
  return [11, 12, 13, 14].map((seed) => {
    evolution.roadSeed = seed;
    evolution.drive();
    return evolution.road.finish().return;
  });
}"""


class Mutations:
    """A random number generator that keeps what it has drawn."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(5)
        self.drawn: list[np.ndarray] = []

    def standard_normal(self, shape: tuple[int, int]) -> np.ndarray:
        self.drawn.append(self._rng.standard_normal(shape))
        return self.drawn[-1]


# The article's sizes; those with another bound of the negative weights, and of the learning rates.
@pytest.mark.parametrize(("population", "size"), [(24, 34), (4, 5), (100, 8)])
def test_the_strategy_computes_what_pythons_does_on_the_same_mutations_and_fitness(
    browser, page, population, size
):
    rng, mutations = np.random.default_rng(1), Mutations()
    start, weights = rng.normal(size=size), np.geomspace(1, 30, size)
    strategy = SepCMAES(start, 0.3, population, mutations)
    expected, fitness = [], []
    for generation in range(GENERATIONS):
        candidates = strategy.ask()
        values = -(weights * candidates**2).sum(axis=1)
        if generation == 7:
            values[:] = 1.0  # flat: nothing is learned
        if generation == 9:
            values = values.round(-1)  # with equal ones
        strategy.tell(values)
        fitness.append(values.tolist())
        expected.append((candidates, strategy.mean, strategy.sigma, strategy._scale))
    browser.open(page)
    arguments = [start.tolist(), 0.3, np.array(mutations.drawn).tolist(), fitness]
    found = browser.evaluate(f"({SEARCH})({', '.join(map(json.dumps, arguments))})")
    for ours, theirs in zip(found, expected, strict=True):
        names = ("candidates", "mean", "sigma", "scale")
        for name, values in zip(names, theirs, strict=True):
            np.testing.assert_allclose(ours[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    scale = expected[-1][3]
    assert scale.max() > 1.1 * scale.min()  # it has learned one for each number


@pytest.mark.slow
def test_a_c_that_has_only_dreamt_drives_on_real_roads(browser, page):
    browser.open(page, prefers_reduced_motion="reduce")
    returns = browser.evaluate(f"({EVOLVE})()")
    assert min(returns) > 90
    assert browser.evaluate("article.evolution.search.dreamCount") == 24 * 24
    assert browser.errors == []
