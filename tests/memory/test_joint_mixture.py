import numpy as np
import pytest
import scipy  # its stats are imported when first used: collecting is faster

from tests.support.gradients import assert_gradient
from worldmodels.memory.mixture import joint_mixture_mean, joint_nll, sample_component
from worldmodels.nn.parameters import Parameters

rng = np.random.default_rng(0)
K, Z = 3, 4


def mixture(rows: int):
    """Logits, y and x."""
    shapes = (rows, K), (rows, 2 * K, Z), (rows, Z)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def test_the_likelihood_is_that_of_one_mixture_for_all_dimensions():
    logits, y, x = mixture(5)
    nll, *_ = joint_nll(logits, y, x, 0.1)
    pdf = scipy.stats.multivariate_normal.pdf
    for row in range(5):
        weights = np.exp(logits[row]) / np.exp(logits[row]).sum()
        density = sum(
            weight * pdf(x[row], mean, np.diag((0.1 + np.exp(deviation)) ** 2))
            for weight, mean, deviation in zip(weights, y[row, :K], y[row, K:], strict=True)
        )
        assert nll[row] == pytest.approx(-np.log(density))
        np.testing.assert_allclose(joint_mixture_mean(logits, y)[row], weights @ y[row, :K])


def test_the_gradient_agrees_with_finite_differences():
    logits, y, x = mixture(2)
    p = Parameters({"logits": logits, "y": y}, np.float64)
    _, dlogits, dy = joint_nll(logits, y, x, 0.1)
    gradient = Parameters({"logits": dlogits, "y": dy}, np.float64)
    assert_gradient(lambda: float(joint_nll(p["logits"], p["y"], x, 0.1)[0].sum()), p, gradient)


def test_a_far_target_has_finite_gradients():
    logits, y, _ = (entry.astype(np.float32) for entry in mixture(1))
    for array in joint_nll(logits, y, np.full((1, Z), 1e4, np.float32), 0.01):
        assert np.isfinite(array).all()


def test_components_are_as_frequent_as_their_weights():
    weights = np.array([0.2, 0.0, 0.5, 0.3])
    component = sample_component(weights[None].repeat(50_000, axis=0), rng.random(50_000), axis=-1)
    np.testing.assert_allclose(np.bincount(component[:, 0]) / 50_000, weights, atol=0.01)
    almost_1 = np.nextafter(1, 0)
    assert sample_component(weights[None], np.array([almost_1]), axis=-1).item() == 3
