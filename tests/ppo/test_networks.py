"""C and its critic as networks: gradients, and standardisation that folds into a controller."""

import numpy as np
import pytest

from tests.support.gradients import assert_gradient
from worldmodels.ppo.networks import MLP, Standardization, controllers_of, policy_of


def network(hidden, rng, inputs=5, outputs=2, dtype=np.float64):
    initial = MLP.initial(inputs, hidden, outputs, rng)
    initial.parameters.flat += rng.standard_normal(initial.parameters.flat.size)
    return MLP(dict(initial.parameters), dtype)


@pytest.mark.parametrize("hidden", [0, 3])
def test_gradients_are_those_of_finite_differences(hidden):
    rng = np.random.default_rng(0)
    policy, x, weights = network(hidden, rng), rng.normal(size=(7, 5)), rng.normal(size=(7, 2))
    assert_gradient(
        lambda: float((weights * np.sin(policy(x))).sum()),
        policy.parameters,
        policy.gradient(x, weights * np.cos(policy(x))),
    )


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_controller_acts_on_features_as_its_policy_on_standardised_ones(hidden):
    rng = np.random.default_rng(1)
    features = (rng.normal(size=(200, 5)) * [1, 10, 0.1, 3, 0] + [0, 5, -1, 2, 7]).astype("f4")
    scale, policy = Standardization.fit(features), network(hidden, rng, dtype=np.float32)
    x = scale.transform(features)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(x.std(axis=0)[[0, 1, 3]], 1, atol=0.03)
    np.testing.assert_array_equal(x[:, 4], 0)  # a constant is no reason to divide by zero
    controllers = controllers_of(policy, scale)
    assert controllers.kind == ("hidden" if hidden else "linear")
    actions = controllers.repeated(200).act(features)
    np.testing.assert_allclose(actions, np.tanh(policy(x)), atol=2e-4)
    again = policy_of(controllers, scale)
    for name, array in policy.parameters.items():
        np.testing.assert_allclose(again.parameters[name], array, atol=2e-4)
