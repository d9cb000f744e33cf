import numpy as np
import pytest
from scipy.stats import norm

from tests.support.gradients import assert_gradient
from worldmodels.memory.mixture import mixture_mean, mixture_nll, mixture_sample
from worldmodels.nn.parameters import Parameters

rng = np.random.default_rng(0)


def drawn_from(y, min_std, temperature):
    shape = (*y.shape[:-2], y.shape[-1])
    uniform, normal = rng.random(shape, y.dtype), rng.standard_normal(shape, y.dtype)
    return mixture_sample(y, min_std, uniform, normal, temperature)


K, Z = 3, 4


def mixture(rows: int, scale: float = 1.0):
    return scale * rng.standard_normal((rows, 3 * K, Z)), rng.standard_normal((rows, Z))


def by_scipy(y, x, floor):
    """Shares (N, K, Z) and log densities (N, Z), written down as the textbook does."""
    weights = np.exp(y[:, :K]) / np.exp(y[:, :K]).sum(axis=1, keepdims=True)
    sigma = floor + np.exp(y[:, 2 * K :])
    return weights, np.log((weights * norm.pdf(x[:, None], y[:, K : 2 * K], sigma)).sum(axis=1))


def test_the_likelihood_is_that_of_a_mixture_for_each_number():
    y, x = mixture(5)
    nats, _ = mixture_nll(y, x, 0.1)
    np.testing.assert_allclose(nats, -by_scipy(y, x, 0.1)[1], rtol=1e-12)


def test_its_gradient_agrees_with_finite_differences():
    y, x = mixture(2)
    parameters = Parameters({"y": y}, np.float64)
    gradient = Parameters({"y": mixture_nll(y, x, 0.1)[1]}, np.float64)
    assert_gradient(
        lambda: float(mixture_nll(parameters["y"], x, 0.1)[0].sum()), parameters, gradient
    )


def test_one_gaussian_of_a_fixed_sigma_is_the_squared_error_and_a_constant():
    x, mean = rng.standard_normal((2, 6, Z))
    y = np.stack([np.full((6, Z), 7.0), mean, np.zeros((6, Z))], axis=1)
    nats, gradient = mixture_nll(y, x, 0.5)  # sigma = 0.5 + exp(0)
    np.testing.assert_allclose(nats, -norm.logpdf(x, mean, 1.5))
    np.testing.assert_allclose(gradient[:, 1], (mean - x) / 1.5**2)
    np.testing.assert_allclose(gradient[:, 0], 0, atol=1e-15)


def test_no_sigma_falls_below_the_floor():
    y = np.zeros((1, 3, 1), np.float32)
    y[:, 2] = -80
    nats, gradient = mixture_nll(y, np.zeros((1, 1), np.float32), 0.01)
    assert nats.item() == pytest.approx(-norm.logpdf(0, 0, 0.01))
    assert np.isfinite(gradient).all()
    drawn = drawn_from(np.repeat(y, 4000, axis=0), 0.01, 1.0)
    assert drawn.std() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(
    ("entry", "value"), [(0, 1e4), (0, -1e4), (1, 1e6), (2, 80), (2, -80)], ids=str
)
def test_numbers_of_any_size_stay_finite(entry, value):
    y, x = (part.astype(np.float32) for part in mixture(4))
    y[:, entry * K] = value
    for array in mixture_nll(y, x, 0.01):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def test_a_target_beyond_all_gaussians_pulls_towards_itself():
    y = mixture(1)[0].astype(np.float32)
    nats, gradient = mixture_nll(y, np.full((1, Z), 1e4, np.float32), 0.01)
    assert np.isfinite(nats).all()
    assert (gradient[:, K : 2 * K].sum(axis=1) < 0).all()


def test_the_mean_and_the_samples_are_those_of_the_mixture():
    y, _ = mixture(1, 0.7)
    weights, _ = by_scipy(y, np.zeros((1, Z)), 0.1)
    mean = (weights * y[:, K : 2 * K]).sum(axis=1)
    square = (weights * (y[:, K : 2 * K] ** 2 + (0.1 + np.exp(y[:, 2 * K :])) ** 2)).sum(axis=1)
    np.testing.assert_allclose(mixture_mean(y), mean)
    drawn = drawn_from(np.repeat(y, 40_000, axis=0), 0.1, 1.0)
    np.testing.assert_allclose(drawn.mean(axis=0), mean[0], atol=0.05)
    np.testing.assert_allclose(drawn.std(axis=0), np.sqrt(square - mean**2)[0], rtol=0.03)


def test_the_temperature_sharpens_the_choice_and_shrinks_the_noise():
    y = np.zeros((20_000, 6, 1), np.float32)  # two Gaussians of sigma 1.5, far apart
    y[:, 0], y[:, 2], y[:, 3] = 1, 100, -100
    for temperature in (0.25, 1.0, 2.0):
        drawn = drawn_from(y, 0.5, temperature)
        assert drawn.dtype == np.float32
        assert (drawn > 0).mean() == pytest.approx(1 / (1 + np.exp(-1 / temperature)), abs=0.02)
        assert drawn[drawn > 0].std() == pytest.approx(1.5 * np.sqrt(temperature), rel=0.03)
