"""PPO's objective and advantages against formulas that are written otherwise."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from worldmodels.ppo.objective import (
    advantage_estimates,
    clipped_objective,
    survival_weights,
)

STD, CLIP = 0.5, 0.2


def batch(count=40, actions=2):
    rng = np.random.default_rng(0)
    old_mean = rng.normal(size=(count, actions))
    taken = old_mean + STD * rng.normal(size=(count, actions))
    mean = old_mean + 0.1 * rng.normal(size=(count, actions))
    return mean, old_mean, taken, rng.normal(size=count), rng.random(count)


def test_the_loss_is_that_of_the_paper():
    mean, old_mean, taken, advantages, weights = batch()
    terms, outside = [], 0
    for row, advantage in enumerate(advantages):
        new, old = (
            math.prod(
                NormalDist(m, STD).pdf(u) for m, u in zip(means[row], taken[row], strict=True)
            )
            for means in (mean, old_mean)
        )
        ratio = new / old
        bound = min(max(ratio, 1 - CLIP), 1 + CLIP)
        terms.append(weights[row] * min(ratio * advantage, bound * advantage))
        outside += ratio != bound
    loss, _, clipped = clipped_objective(*batch(), STD, CLIP)
    assert loss == pytest.approx(-np.mean(terms))
    assert clipped == outside / len(terms)
    assert 0.2 < clipped < 0.8


def test_its_gradient_is_that_of_finite_differences():
    mean, *rest = batch()
    _, gradient, _ = clipped_objective(mean, *rest, STD, CLIP)
    numeric, step = np.zeros_like(mean), 1e-6
    for index in np.ndindex(mean.shape):
        moved = mean.copy()
        moved[index] += step
        above = clipped_objective(moved, *rest, STD, CLIP)[0]
        moved[index] -= 2 * step
        numeric[index] = (above - clipped_objective(moved, *rest, STD, CLIP)[0]) / (2 * step)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-9)
    silent = (gradient == 0).all(axis=1)
    assert 0 < silent.sum() < len(silent)  # steps that are clipped teach nothing more


def test_advantages_are_discounted_sums_of_errors_of_the_value():
    rng = np.random.default_rng(0)
    steps, discount, gae_lambda = 6, 0.9, 0.7
    rewards, continues = rng.normal(size=(steps, 3)), rng.random((steps, 3))
    values = rng.normal(size=(steps + 1, 3))
    advantages = advantage_estimates(rewards, values, continues, discount, gae_lambda)
    delta = rewards + discount * continues * values[1:] - values[:-1]
    for t in range(steps):
        expected = 0
        for k in range(t, steps):
            reached = np.prod(continues[t:k], axis=0)
            expected = expected + (discount * gae_lambda) ** (k - t) * reached * delta[k]
        np.testing.assert_allclose(advantages[t], expected)


def test_with_lambda_1_they_are_the_return_less_the_value():
    rewards, ends = np.ones((4, 1)), np.ones((4, 1))
    ends[2] = 0  # after the third step
    values = np.full((5, 1), 10.0)
    advantages = advantage_estimates(rewards, values, ends, 0.5, 1.0)
    expected = np.array([1 + 0.5 + 0.25, 1 + 0.5, 1, 1 + 0.5 * 10]) - 10
    np.testing.assert_allclose(advantages[:, 0], expected)
    np.testing.assert_array_equal(survival_weights(ends)[:, 0], [1, 1, 1, 0])
