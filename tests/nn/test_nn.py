import numpy as np
import pytest

from worldmodels.nn.adam import Adam
from worldmodels.nn.layers import binary_cross_entropy, sigmoid
from worldmodels.nn.parameters import Parameters, match_shapes


def test_parameters_are_views_of_one_vector():
    parameters = Parameters({"a": np.ones((2, 2)), "b": [3.0]})
    parameters["a"][0, 1] = 7
    np.testing.assert_array_equal(parameters.flat, np.array([1, 7, 1, 1, 3], np.float32))
    parameters.flat[:] = 0
    assert not parameters["a"].any()
    assert list(parameters) == ["a", "b"]
    zeros = parameters.zeros_like()
    zeros["b"][...] = 5
    assert zeros.flat.tolist() == [0, 0, 0, 0, 5]
    assert parameters.flat[4] == 0


def test_adams_first_step_has_the_size_of_the_learning_rate_in_every_coordinate():
    parameters = Parameters({"a": [1.0, 1.0, 1.0]}, np.float64)
    Adam(parameters, 0.1).step(Parameters({"a": [3.0, -0.01, 0.0]}, np.float64))
    np.testing.assert_allclose(parameters.flat, [0.9, 1.1, 1.0], atol=1e-6)


def test_adam_agrees_with_its_definition():
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(4), rng.standard_normal((5, 4))
    parameters = Parameters({"a": start}, np.float64)
    adam = Adam(parameters, 0.01)
    expected, m, v = start.copy(), np.zeros(4), np.zeros(4)
    for t, g in enumerate(gradients, start=1):
        adam.step(Parameters({"a": g}, np.float64))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected -= 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(parameters.flat, expected, rtol=1e-12)


def test_a_gradient_above_the_maximal_norm_is_scaled_to_it_and_a_shorter_one_is_not():
    for scale in (1.0, 100.0):
        gradient = Parameters({"a": [3 * scale, 4 * scale]}, np.float64)
        Adam(Parameters({"a": [0.0, 0.0]}, np.float64), 0.1, max_grad_norm=5.0).step(gradient)
        np.testing.assert_allclose(gradient.flat, [3, 4])


def test_sigmoid_does_not_overflow():
    np.testing.assert_allclose(sigmoid(np.array([-1e9, 0, 1e9])), [0, 0.5, 1])


def test_cross_entropy_is_the_bernoulli_log_likelihood():
    logits, targets = np.array([-2.0, 0.5, 3.0]), np.array([0.0, 1.0, 0.25])
    p = 1 / (1 + np.exp(-logits))
    expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()
    assert binary_cross_entropy(logits, targets)[0] == pytest.approx(expected)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e39])
def test_weights_that_float32_cannot_represent_are_refused(wrong):
    with pytest.raises(ValueError, match=r"^array 'x' must hold finite floating-point numbers$"):
        match_shapes({"x": np.array([wrong, 1.0])}, {"x": "N"})
    match_shapes({"x": np.array([-3e38, 1.0])}, {"x": "N"})
