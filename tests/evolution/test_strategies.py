from itertools import pairwise

import cma
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.controller.pca import WhitenedPCA
from worldmodels.evolution.cma_es import CMAES, SepCMAES
from worldmodels.evolution.openai_es import OpenAIES
from worldmodels.evolution.rank_mu import RankMu
from worldmodels.evolution.registry import STRATEGIES
from worldmodels.evolution.strategy import Strategy


def run(strategy: Strategy, generations: int) -> Strategy:
    for _ in range(generations):
        candidates = strategy.ask()
        strategy.tell(-np.square(candidates).sum(axis=1))
    return strategy


def sphere(seed: int = 0, population: int = 24, kind: type[Strategy] = RankMu) -> Strategy:
    return kind(np.ones(20), 0.5, population, np.random.default_rng(seed))


class Unbounded(RankMu):
    """The note's strategy without the lower limit of its step size."""

    SIGMA_LIMITS = (1e-12, 5.0)


every_kind = pytest.mark.parametrize("kind", STRATEGIES.values(), ids=STRATEGIES)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("population", "kind"), [(100, RankMu), (24, Unbounded)])
def test_the_notes_strategy_reaches_1e_8_on_the_sphere(seed, population, kind):
    strategy = run(sphere(seed, population, kind), 400)
    assert np.square(strategy.mean).sum() < 1e-8


@every_kind
def test_every_strategy_climbs(kind):
    assert np.square(run(sphere(kind=kind), 150).mean).sum() < 0.2


@every_kind
def test_it_stops_and_goes_on_bit_for_bit(kind):
    through = run(sphere(kind=kind), 30)
    again = run(kind.from_state(run(sphere(kind=kind), 12).state()), 18)
    np.testing.assert_array_equal(through.mean, again.mean)
    np.testing.assert_array_equal(through.best, again.best)
    assert through.sigma == again.sigma


@every_kind
def test_a_state_is_not_moved_by_what_comes_after(kind):
    strategy = run(sphere(kind=kind), 3)
    state = strategy.state()
    run(strategy, 3)
    np.testing.assert_array_equal(run(kind.from_state(state), 3).mean, strategy.mean)


@every_kind
def test_a_generation_in_which_all_do_equally_well_moves_nothing(kind):
    strategy = run(sphere(kind=kind), 3)
    mean, sigma = strategy.mean.copy(), strategy.sigma
    strategy.ask()
    strategy.tell(np.zeros(24))
    np.testing.assert_array_equal(strategy.mean, mean)
    assert strategy.sigma == sigma
    assert np.square(run(strategy, 150).mean).sum() < 0.2  # and it goes on


@every_kind
def test_the_best_is_the_best_ever_told(kind):
    strategy, best = sphere(kind=kind), -np.inf
    for _ in range(10):
        candidates = strategy.ask()
        fitness = -np.square(candidates).sum(axis=1)
        strategy.tell(fitness)
        best = max(best, fitness.max())
        assert -np.square(strategy.best).sum() == pytest.approx(best)


def test_cma_es_stops_and_goes_on_between_two_decompositions():
    def start() -> CMAES:
        return CMAES(np.ones(400), 0.5, 12, np.random.default_rng(0))

    half_way = run(start(), 4).state()
    assert half_way["_age"] > 0
    np.testing.assert_array_equal(run(CMAES.from_state(half_way), 5).mean, run(start(), 9).mean)


def squares(x):
    return np.square(x).sum(axis=1)


def ellipsoid(x):
    return (np.square(x) * 10 ** (6 * np.arange(20) / 19)).sum(axis=1)


def rosenbrock(x):
    return (100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2).sum(axis=1)


def evaluations(strategy, loss, most: int) -> int:
    """How many until a candidate scores below 1e-9."""
    for generation in range(1, most // 12 + 1):
        candidates = strategy.ask()
        scores = loss(np.asarray(candidates))
        strategy.tell(-scores) if isinstance(strategy, Strategy) else strategy.tell(
            candidates, scores.tolist()
        )
        if scores.min() < 1e-9:
            return 12 * generation
    return most


@pytest.mark.parametrize(
    ("loss", "start", "most"),
    [(squares, 1.0, 6_000), (ellipsoid, 1.0, 30_000), (rosenbrock, 0.0, 40_000)],
)
def test_cma_es_needs_no_more_evaluations_than_pycma(loss, start, most):
    def theirs(seed: int) -> cma.CMAEvolutionStrategy:
        options = {"popsize": 12, "seed": seed + 1, "verbose": -9}
        return cma.CMAEvolutionStrategy(np.full(20, start), 0.5, options)

    def ours(seed: int) -> CMAES:
        return CMAES(np.full(20, start), 0.5, 12, np.random.default_rng(seed))

    count = [[evaluations(make(s), loss, most) for s in range(5)] for make in (ours, theirs)]
    assert np.median(count[0]) < most
    assert np.median(count[0]) <= 1.3 * np.median(count[1])


def test_sep_cma_es_learns_an_axis_parallel_ellipsoid_faster():
    def median(kind: type[Strategy]) -> float:
        runs = [kind(np.ones(20), 0.5, 12, np.random.default_rng(seed)) for seed in range(3)]
        return float(np.median([evaluations(strategy, ellipsoid, 30_000) for strategy in runs]))

    assert median(SepCMAES) < 0.6 * median(CMAES)


def test_cma_es_learns_the_shape_of_the_hill():
    strategy = CMAES(np.ones(4), 0.5, 12, np.random.default_rng(0))
    stretch = np.array([1.0, 10.0, 100.0, 1000.0])
    for _ in range(150):
        candidates = strategy.ask()
        strategy.tell(-np.square(candidates * stretch).sum(axis=1))
    spread = np.std([strategy.ask() - strategy.mean for _ in range(300)], axis=(0, 1))
    np.testing.assert_allclose(spread * stretch, (spread * stretch).mean(), rtol=0.6)


def test_mirrored_mutations_come_in_pairs():
    strategy = sphere(kind=OpenAIES)
    candidates = strategy.ask() - strategy.mean
    np.testing.assert_allclose(candidates[:12], -candidates[12:], atol=1e-12)
    with pytest.raises(ValueError, match="population must be even"):
        sphere(population=7, kind=OpenAIES)


def test_sigma_keeps_to_its_limits():
    strategy = run(RankMu(np.zeros(3), 2e-4, 6, np.random.default_rng(0)), 300)
    assert strategy.sigma == 1e-4
    uphill = RankMu(np.zeros(3), 4.0, 6, np.random.default_rng(0))
    for _ in range(300):
        uphill.tell(uphill.ask().sum(axis=1))
    assert uphill.sigma == 5.0


@every_kind
@given(population=st.integers(2, 40), size=st.integers(1, 12))
def test_any_population_of_two_or_more_works(kind, population, size):
    population += population % 2 if kind is OpenAIES else 0
    strategy = kind(np.ones(size), 0.5, population, np.random.default_rng(0))
    with pytest.raises(ValueError, match="before candidates were asked for"):
        strategy.tell(np.zeros(population))
    assert strategy.ask().shape == (population, size)
    strategy.tell(np.zeros(population))
    assert np.isfinite(strategy.mean).all()
    assert strategy.sigma > 0


def test_bad_arguments_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="population must be at least 2, found 1"):
        RankMu(np.zeros(3), 0.5, 1, rng)
    with pytest.raises(ValueError, match="sigma must be a positive number"):
        RankMu(np.zeros(3), 0.0, 4, rng)
    strategy = RankMu(np.zeros(3), 0.5, 4, rng)
    strategy.ask()
    for fitness in ([1, 2, 3], [1, 2, 3, np.nan]):
        with pytest.raises(ValueError, match="4 finite numbers"):
            strategy.tell(np.array(fitness))


def test_parameter_counts_are_the_notes_and_the_papers():
    assert parameter_count((16 + 32, 2)) == 98
    assert parameter_count((32 + 256, 3)) == 867
    assert parameter_count((32, 40, 3)) == 1443


@pytest.mark.parametrize("sizes", [(6, 2), (6, 4, 2)])
def test_every_row_is_driven_by_its_own_controller(sizes):
    genomes = np.random.default_rng(0).standard_normal((5, parameter_count(sizes)))
    features = np.random.default_rng(1).standard_normal((5, 6)).astype(np.float32)
    controllers = Controllers.from_genomes(genomes, sizes)
    assert (controllers.features, controllers.actions) == (6, 2)
    for genome, x, action in zip(genomes, features, controllers.act(features), strict=True):
        for inputs, outputs in pairwise(sizes):
            weight, bias, genome = np.split(genome, [outputs * inputs, outputs * (inputs + 1)])
            x = np.tanh(weight.reshape(outputs, inputs) @ x + bias)
        np.testing.assert_allclose(action, x, atol=1e-6)


@pytest.mark.parametrize(("sizes", "kind"), [((6, 2), "linear"), ((6, 4, 2), "hidden")])
def test_a_controller_comes_back_from_its_arrays(sizes, kind):
    genomes = np.random.default_rng(0).standard_normal((3, parameter_count(sizes)))
    controllers = Controllers.from_genomes(genomes, sizes)
    back = Controllers.from_arrays(controllers.arrays(1))
    assert back.kind == controllers.kind == kind
    for name, array in back.arrays(0).items():
        np.testing.assert_array_equal(array, controllers.arrays(1)[name])


def test_genomes_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"have 14 numbers; found an array of \(3, 13\)"):
        Controllers.from_genomes(np.zeros((3, 13)), (6, 2))


def test_a_basis_is_whitened_and_leads_with_what_varies_most():
    rng = np.random.default_rng(0)
    mixing = rng.standard_normal((6, 6)) * np.array([5, 3, 2, 1, 0.5, 0.1])[:, None]
    states = (rng.standard_normal((500, 6)) @ mixing + 7).astype(np.float32)
    basis = WhitenedPCA.fitted(states, 3)
    components = (states - basis.mean) @ basis.components_
    np.testing.assert_allclose(components.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(np.cov(components.T, bias=True), np.eye(3), atol=1e-5)
    centred = states - states.mean(axis=0)
    kept = np.linalg.norm(centred @ np.linalg.qr(basis.components_)[0])
    values = np.linalg.svd(centred, compute_uv=False)
    assert kept == pytest.approx(np.linalg.norm(values[:3]), rel=1e-4)
    with pytest.raises(ValueError, match="they vary in 6 directions, and 7 are asked for"):
        WhitenedPCA.fitted(states, 7)
    with pytest.raises(ValueError, match="they vary in 0 directions"):
        WhitenedPCA.fitted(np.ones((5, 3)), 1)


@pytest.mark.parametrize("hidden", [[], [5]])
def test_a_controller_learned_on_a_basis_is_the_same_one_on_all_of_h(hidden):
    rng = np.random.default_rng(1)
    z, h = (rng.standard_normal((4, size)).astype(np.float32) for size in (3, 8))
    basis = WhitenedPCA.fitted(rng.standard_normal((50, 8)), 2)
    sizes = (3 + 2, *hidden, 2)
    genomes = rng.standard_normal((4, parameter_count(sizes)))
    on_basis = Controllers.from_genomes(genomes, sizes)
    on_h = Controllers.from_genomes(genomes, sizes, basis)
    x = ((h - basis.mean) @ basis.components_).astype(np.float32)
    expected = on_basis.act(np.hstack([z, x]))
    np.testing.assert_allclose(on_h.act(np.hstack([z, h])), expected, atol=1e-5)
