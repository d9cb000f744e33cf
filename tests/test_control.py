import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.control.controller import Controllers, parameter_count
from stages.control.rank_mu import RankMu


def run(strategy: RankMu, generations: int) -> RankMu:
    for _ in range(generations):
        candidates = strategy.ask()
        strategy.tell(-np.square(candidates).sum(axis=1))
    return strategy


def sphere(seed: int = 0, population: int = 24, **arguments) -> RankMu:
    rng = np.random.default_rng(seed)
    return RankMu(np.ones(20), 0.5, population, rng, **arguments)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "arguments", [{"population": 100}, {"population": 24, "sigma_limits": (1e-12, 5.0)}]
)
def test_it_reaches_1e_8_on_the_sphere_in_20_dimensions(seed, arguments):
    strategy = run(sphere(seed, **arguments), 400)
    assert np.square(strategy.mean).sum() < 1e-8


def test_it_stops_and_goes_on_bit_for_bit():
    through = run(sphere(), 30)
    again = run(RankMu.from_state(run(sphere(), 12).state()), 18)
    np.testing.assert_array_equal(through.mean, again.mean)
    np.testing.assert_array_equal(through.best, again.best)
    assert through.sigma == again.sigma


def test_a_state_is_not_moved_by_what_comes_after():
    strategy = run(sphere(), 3)
    state = strategy.state()
    run(strategy, 3)
    np.testing.assert_array_equal(run(RankMu.from_state(state), 3).mean, strategy.mean)


def test_the_best_is_the_best_ever_told():
    strategy, best = sphere(), -np.inf
    for _ in range(10):
        candidates = strategy.ask()
        fitness = -np.square(candidates).sum(axis=1)
        strategy.tell(fitness)
        best = max(best, fitness.max())
        assert -np.square(strategy.best).sum() == pytest.approx(best)


def test_sigma_keeps_to_its_limits():
    strategy = run(RankMu(np.zeros(3), 2e-4, 6, np.random.default_rng(0)), 300)
    assert strategy.sigma == 1e-4
    uphill = RankMu(np.zeros(3), 4.0, 6, np.random.default_rng(0))
    for _ in range(300):
        uphill.tell(uphill.ask().sum(axis=1))
    assert uphill.sigma == 5.0


@given(st.integers(2, 40), st.integers(1, 12))
def test_any_population_of_two_or_more_works(population, size):
    strategy = RankMu(np.ones(size), 0.5, population, np.random.default_rng(0))
    assert strategy.ask().shape == (population, size)
    strategy.tell(np.zeros(population))
    assert np.isfinite(strategy.mean).all()
    assert strategy.sigma > 0


def test_bad_arguments_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="population must be at least 2, found 1"):
        RankMu(np.zeros(3), 0.5, 1, rng)
    with pytest.raises(ValueError, match="sigma must be in"):
        RankMu(np.zeros(3), 50, 4, rng)
    strategy = RankMu(np.zeros(3), 0.5, 4, rng)
    strategy.ask()
    for fitness in ([1, 2, 3], [1, 2, 3, np.nan]):
        with pytest.raises(ValueError, match="4 finite numbers"):
            strategy.tell(np.array(fitness))


def test_the_notes_controller_has_98_numbers_and_the_papers_867():
    assert parameter_count(16 + 32, 2) == 98
    assert parameter_count(32 + 256, 3) == 867


def test_every_row_is_driven_by_its_own_controller():
    genomes = np.random.default_rng(0).standard_normal((5, parameter_count(6, 2)))
    features = np.random.default_rng(1).standard_normal((5, 6)).astype(np.float32)
    actions = Controllers.from_genomes(genomes, 6, 2).act(features)
    for genome, x, action in zip(genomes, features, actions, strict=True):
        weight, bias = genome[:12].reshape(2, 6), genome[12:]
        np.testing.assert_allclose(action, np.tanh(weight @ x + bias), atol=1e-6)


def test_a_controller_comes_back_from_its_arrays():
    genomes = np.random.default_rng(0).standard_normal((3, 14))
    controllers = Controllers.from_genomes(genomes, 6, 2)
    back = Controllers.from_arrays(controllers.arrays(1))
    np.testing.assert_array_equal(back.weight[0], controllers.weight[1])
    np.testing.assert_array_equal(back.bias[0], controllers.bias[1])


def test_genomes_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"make 14 numbers; found an array of \(3, 13\)"):
        Controllers.from_genomes(np.zeros((3, 13)), 6, 2)
