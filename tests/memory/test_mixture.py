import numpy as np
import pytest
import scipy  # its stats are imported when first used: collecting is faster

from tests.support.gradients import assert_gradient
from worldmodels.memory.mixture import mixture_mean, mixture_nll, mixture_sample
from worldmodels.nn.parameters import Parameters

K, Z = 3, 4
rng = np.random.default_rng(0)


def samples_of(y, min_std, temperature):
    shape = (*y.shape[:-2], y.shape[-1])
    uniform, normal = rng.random(shape, y.dtype), rng.standard_normal(shape, y.dtype)
    return mixture_sample(y, min_std, uniform, normal, temperature)


def mixture(rows: int, scale: float = 1.0):
    """y and x."""
    return scale * rng.standard_normal((rows, 3 * K, Z)), rng.standard_normal((rows, Z))


def by_scipy(y, x, min_std):
    """Mixture weights (N, K, Z) and log densities (N, Z), by the textbook formula."""
    weights = np.exp(y[:, :K]) / np.exp(y[:, :K]).sum(axis=1, keepdims=True)
    sigma = min_std + np.exp(y[:, 2 * K :])
    densities = scipy.stats.norm.pdf(x[:, None], y[:, K : 2 * K], sigma)
    return weights, np.log((weights * densities).sum(axis=1))


def test_the_likelihood_is_that_of_one_mixture_per_dimension():
    y, x = mixture(5)
    nll, _ = mixture_nll(y, x, 0.1)
    np.testing.assert_allclose(nll, -by_scipy(y, x, 0.1)[1], rtol=1e-12)


def test_the_gradient_agrees_with_finite_differences():
    y, x = mixture(2)
    parameters = Parameters({"y": y}, np.float64)
    gradient = Parameters({"y": mixture_nll(y, x, 0.1)[1]}, np.float64)
    assert_gradient(
        lambda: float(mixture_nll(parameters["y"], x, 0.1)[0].sum()), parameters, gradient
    )


def test_the_nll_of_one_gaussian_of_fixed_sigma_is_the_squared_error_and_a_constant():
    x, mean = rng.standard_normal((2, 6, Z))
    y = np.stack([np.full((6, Z), 7.0), mean, np.zeros((6, Z))], axis=1)
    nll, gradient = mixture_nll(y, x, 0.5)  # sigma = 0.5 + exp(0)
    np.testing.assert_allclose(nll, -scipy.stats.norm.logpdf(x, mean, 1.5))
    np.testing.assert_allclose(gradient[:, 1], (mean - x) / 1.5**2)
    np.testing.assert_allclose(gradient[:, 0], 0, atol=1e-15)


def test_no_sigma_falls_below_min_std():
    y = np.zeros((1, 3, 1), np.float32)
    y[:, 2] = -80
    nll, gradient = mixture_nll(y, np.zeros((1, 1), np.float32), 0.01)
    assert nll.item() == pytest.approx(-scipy.stats.norm.logpdf(0, 0, 0.01))
    assert np.isfinite(gradient).all()
    samples = samples_of(np.repeat(y, 4000, axis=0), 0.01, 1.0)
    assert samples.std() == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize(
    ("entry", "value"), [(0, 1e4), (0, -1e4), (1, 1e6), (2, 80), (2, -80)], ids=str
)
def test_extreme_outputs_give_finite_losses_and_gradients(entry, value):
    y, x = (part.astype(np.float32) for part in mixture(4))
    y[:, entry * K] = value
    for array in mixture_nll(y, x, 0.01):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def test_the_gradient_at_a_far_target_points_to_it():
    y = mixture(1)[0].astype(np.float32)
    nll, gradient = mixture_nll(y, np.full((1, Z), 1e4, np.float32), 0.01)
    assert np.isfinite(nll).all()
    assert (gradient[:, K : 2 * K].sum(axis=1) < 0).all()


def test_means_and_samples_have_the_moments_of_the_mixture():
    y, _ = mixture(1, 0.7)
    weights, _ = by_scipy(y, np.zeros((1, Z)), 0.1)
    mean = (weights * y[:, K : 2 * K]).sum(axis=1)
    square = (weights * (y[:, K : 2 * K] ** 2 + (0.1 + np.exp(y[:, 2 * K :])) ** 2)).sum(axis=1)
    np.testing.assert_allclose(mixture_mean(y), mean)
    samples = samples_of(np.repeat(y, 40_000, axis=0), 0.1, 1.0)
    np.testing.assert_allclose(samples.mean(axis=0), mean[0], atol=0.05)
    np.testing.assert_allclose(samples.std(axis=0), np.sqrt(square - mean**2)[0], rtol=0.03)


def test_a_low_temperature_sharpens_the_weights_and_reduces_the_variance():
    y = np.zeros((20_000, 6, 1), np.float32)  # two Gaussians of sigma 1.5, far apart
    y[:, 0], y[:, 2], y[:, 3] = 1, 100, -100
    for temperature in (0.25, 1.0, 2.0):
        samples = samples_of(y, 0.5, temperature)
        assert samples.dtype == np.float32
        assert (samples > 0).mean() == pytest.approx(1 / (1 + np.exp(-1 / temperature)), abs=0.02)
        assert samples[samples > 0].std() == pytest.approx(1.5 * np.sqrt(temperature), rel=0.03)
