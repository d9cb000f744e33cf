import numpy as np
import pytest
from scipy.stats import multivariate_normal

from tests.support.gradients import assert_gradient
from worldmodels.memory.mixture import joint_mixture_mean, joint_nll, sample_component
from worldmodels.nn.parameters import Parameters

rng = np.random.default_rng(0)
K, Z = 3, 4


def mixture(rows: int):
    """Logits, y and x."""
    shapes = (rows, K), (rows, 2 * K, Z), (rows, Z)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def test_the_likelihood_is_that_of_one_mixture_for_all_numbers():
    logits, y, x = mixture(5)
    nats, *_ = joint_nll(logits, y, x, 0.1)
    for row in range(5):
        weights = np.exp(logits[row]) / np.exp(logits[row]).sum()
        density = sum(
            share * multivariate_normal.pdf(x[row], mean, np.diag((0.1 + np.exp(deviation)) ** 2))
            for share, mean, deviation in zip(weights, y[row, :K], y[row, K:], strict=True)
        )
        assert nats[row] == pytest.approx(-np.log(density))
        np.testing.assert_allclose(joint_mixture_mean(logits, y)[row], weights @ y[row, :K])


def test_its_gradient_agrees_with_finite_differences():
    logits, y, x = mixture(2)
    p = Parameters({"logits": logits, "y": y}, np.float64)
    _, dlogits, dy = joint_nll(logits, y, x, 0.1)
    gradient = Parameters({"logits": dlogits, "y": dy}, np.float64)
    assert_gradient(lambda: float(joint_nll(p["logits"], p["y"], x, 0.1)[0].sum()), p, gradient)


def test_what_is_far_from_all_gaussians_has_finite_gradients():
    logits, y, _ = (entry.astype(np.float32) for entry in mixture(1))
    for array in joint_nll(logits, y, np.full((1, Z), 1e4, np.float32), 0.01):
        assert np.isfinite(array).all()


def test_what_is_chosen_is_as_frequent_as_its_share():
    weights = np.array([0.2, 0.0, 0.5, 0.3])
    chosen = sample_component(weights[None].repeat(50_000, axis=0), rng.random(50_000), axis=-1)
    np.testing.assert_allclose(np.bincount(chosen[:, 0]) / 50_000, weights, atol=0.01)
    almost = np.nextafter(1, 0)
    assert sample_component(weights[None], np.array([almost]), axis=-1).item() == 3
