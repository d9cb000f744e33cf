import numpy as np
import pytest
import scipy  # its stats are imported when first used: collecting is faster
from hypothesis import given
from hypothesis import strategies as st

from worldmodels.evolution.cma_es import CMAES, SepCMAES
from worldmodels.evolution.openai_es import OpenAIES, centered_ranks
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
    """The reference stub's strategy with a much smaller lower limit of sigma."""

    SIGMA_LIMITS = (1e-12, 5.0)


every_kind = pytest.mark.parametrize("kind", STRATEGIES.values(), ids=STRATEGIES)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("population", "kind"), [(100, RankMu), (24, Unbounded)])
def test_the_reference_stubs_strategy_reaches_1e_8_on_the_sphere(seed, population, kind):
    strategy = run(sphere(seed, population, kind), 400)
    assert np.square(strategy.mean).sum() < 1e-8


@every_kind
def test_every_strategy_improves(kind):
    assert np.square(run(sphere(kind=kind), 150).mean).sum() < 0.2


@every_kind
def test_a_restored_strategy_continues_bit_for_bit(kind):
    uninterrupted = run(sphere(kind=kind), 30)
    restored = run(kind.from_state(run(sphere(kind=kind), 12).state()), 18)
    np.testing.assert_array_equal(uninterrupted.mean, restored.mean)
    assert uninterrupted.sigma == restored.sigma


@every_kind
def test_a_state_is_not_changed_by_later_generations(kind):
    strategy = run(sphere(kind=kind), 3)
    state = strategy.state()
    run(strategy, 3)
    np.testing.assert_array_equal(run(kind.from_state(state), 3).mean, strategy.mean)


@every_kind
def test_a_generation_of_equal_fitness_changes_nothing(kind):
    strategy = run(sphere(kind=kind), 3)
    mean, sigma = strategy.mean.copy(), strategy.sigma
    strategy.ask()
    strategy.tell(np.zeros(24))
    np.testing.assert_array_equal(strategy.mean, mean)
    assert strategy.sigma == sigma
    assert np.square(run(strategy, 150).mean).sum() < 0.2  # it continues


def test_cma_es_can_be_restored_between_two_decompositions():
    def start() -> CMAES:
        return CMAES(np.ones(400), 0.5, 12, np.random.default_rng(0))

    half_way = run(start(), 4).state()
    assert half_way["_generations_since_decomposition"] > 0
    np.testing.assert_array_equal(run(CMAES.from_state(half_way), 5).mean, run(start(), 9).mean)


def squares(x):
    return np.square(x).sum(axis=1)


def ellipsoid(x):
    return (np.square(x) * 10 ** (6 * np.arange(20) / 19)).sum(axis=1)


def rosenbrock(x):
    return (100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2).sum(axis=1)


def evaluations(strategy, loss, limit: int) -> int:
    """The number of evaluations until a candidate's loss is below 1e-9, or the limit."""
    for generation in range(1, limit // 12 + 1):
        candidates = strategy.ask()
        losses = loss(np.asarray(candidates))
        if isinstance(strategy, Strategy):
            strategy.tell(-losses)
        else:
            strategy.tell(candidates, losses.tolist())
        if losses.min() < 1e-9:
            return 12 * generation
    return limit


@pytest.mark.parametrize(
    ("loss", "start", "limit"),
    [
        (squares, 1.0, 6_000),
        (ellipsoid, 1.0, 30_000),
        pytest.param(rosenbrock, 0.0, 40_000, marks=pytest.mark.slow),
    ],
)
def test_cma_es_needs_no_more_evaluations_than_pycma(loss, start, limit):
    import cma  # here: it imports scipy.stats, which takes long

    def pycma(seed: int) -> cma.CMAEvolutionStrategy:
        options = {"popsize": 12, "seed": seed + 1, "verbose": -9}
        return cma.CMAEvolutionStrategy(np.full(20, start), 0.5, options)

    def ours(seed: int) -> CMAES:
        return CMAES(np.full(20, start), 0.5, 12, np.random.default_rng(seed))

    our_median, pycma_median = (
        np.median([evaluations(make(seed), loss, limit) for seed in range(seeds)])
        for make, seeds in ((ours, 5), (pycma, 3))  # it is slow, and its seeds differ by 4 %
    )
    assert our_median < limit
    assert our_median <= 1.3 * pycma_median


def test_sep_cma_es_minimises_an_axis_parallel_ellipsoid_faster():
    def median(kind: type[Strategy]) -> float:
        runs = [kind(np.ones(20), 0.5, 12, np.random.default_rng(seed)) for seed in range(3)]
        return float(np.median([evaluations(strategy, ellipsoid, 30_000) for strategy in runs]))

    assert median(SepCMAES) < 0.6 * median(CMAES)


def test_the_covariance_of_cma_es_adapts_to_the_curvature():
    strategy = CMAES(np.ones(4), 0.5, 12, np.random.default_rng(0))
    scale = np.array([1.0, 10.0, 100.0, 1000.0])
    for _ in range(150):
        candidates = strategy.ask()
        strategy.tell(-np.square(candidates * scale).sum(axis=1))
    std = np.std([strategy.ask() - strategy.mean for _ in range(300)], axis=(0, 1))
    np.testing.assert_allclose(std * scale, (std * scale).mean(), rtol=0.6)


def test_mirrored_mutations_come_in_pairs():
    strategy = sphere(kind=OpenAIES)
    candidates = strategy.ask() - strategy.mean
    np.testing.assert_allclose(candidates[:12], -candidates[12:], atol=1e-12)
    with pytest.raises(ValueError, match="population must be even"):
        sphere(population=7, kind=OpenAIES)


def test_sigma_stays_within_its_limits():
    strategy = run(RankMu(np.zeros(3), 2e-4, 6, np.random.default_rng(0)), 300)
    assert strategy.sigma == 1e-4
    on_slope = RankMu(np.zeros(3), 4.0, 6, np.random.default_rng(0))
    for _ in range(300):
        on_slope.tell(on_slope.ask().sum(axis=1))
    assert on_slope.sigma == 5.0


@every_kind
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    "fitness", [lambda x: x.sum(axis=1), squares, lambda x: x[:, 0] ** 2 - x[:, 1] ** 2]
)
def test_without_an_upper_bound_every_candidate_is_a_float32(kind, size, fitness):
    strategy = kind(np.zeros(size), 0.5, 8, np.random.default_rng(0))
    for _ in range(2000):
        candidates = strategy.ask()
        with np.errstate(over="raise", invalid="raise"):
            candidates.astype(np.float32)
            strategy.tell(fitness(candidates))
    assert np.isfinite(candidates).all()
    assert np.isfinite(strategy.sigma)
    for name in kind.STATE:
        assert np.isfinite(getattr(strategy, name)).all()


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=40))
def test_equal_fitness_has_the_average_of_its_ranks(fitness):
    ranks = scipy.stats.rankdata(fitness, method="average")  # 1 is the lowest
    expected = (ranks - 1) / (len(fitness) - 1) - 0.5
    np.testing.assert_allclose(centered_ranks(np.array(fitness, float)), expected, atol=1e-12)


def test_openai_es_stays_where_a_mutation_is_as_good_as_its_mirror_image():
    strategy = sphere(kind=OpenAIES)
    for _ in range(50):
        fitness = np.square(strategy.ask() - strategy.mean).sum(axis=1).round()
        assert len({*fitness}) > 1
        strategy.tell(fitness)
    np.testing.assert_allclose(strategy.mean, 1, atol=1e-6)


@pytest.mark.parametrize("kind", [RankMu, CMAES, SepCMAES])
def test_a_fitness_that_is_mostly_equal_by_chance_leaves_sigma_alone(kind):
    """Averaging the weights of equal ones would shorten the steps, and sigma with them."""
    chance = np.random.default_rng(1)
    strategy = sphere(kind=kind)
    for _ in range(300):
        strategy.ask()
        strategy.tell(chance.choice([0.0, 1.0], 24))
    assert 0.05 < strategy.sigma < 5


@every_kind
@given(population=st.integers(2, 40), size=st.integers(1, 12))
def test_any_population_of_two_or_more_works(kind, population, size):
    population += population % 2 if kind is OpenAIES else 0
    strategy = kind(np.ones(size), 0.5, population, np.random.default_rng(0))
    with pytest.raises(ValueError, match="tell was called before ask"):
        strategy.tell(np.zeros(population))
    assert strategy.ask().shape == (population, size)
    strategy.tell(np.zeros(population))
    assert np.isfinite(strategy.mean).all()
    assert strategy.sigma > 0


def test_invalid_arguments_are_refused():
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
