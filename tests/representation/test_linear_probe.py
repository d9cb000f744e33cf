"""Linear probes: what a linear regression can read off features, beside NumPy's least squares."""

import numpy as np
import pytest

from worldmodels.representation.active_units import active_units
from worldmodels.representation.linear_probe import linear_probe


def rows(count=400, features=5):
    rng = np.random.default_rng(0)
    return rng, rng.normal(3, [0.01, 1, 1, 1, 50], (count, features)), np.arange(count) % 4 == 0


def test_a_linear_function_is_read_off_whatever_the_scale_of_the_features():
    _, x, held_out = rows()
    targets = np.stack([x @ [100, 1, 0, 0, 0] + 7, x @ [0, 0, 0, 1, 0.02]], axis=1)
    np.testing.assert_allclose(linear_probe(x, targets, held_out), 1, atol=1e-5)


def test_r_squared_is_that_of_least_squares_on_the_held_out_rows():
    rng, x, held_out = rows()
    y = x[:, 1] + x[:, 4] / 50 + rng.normal(size=len(x))
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    weights, *_ = np.linalg.lstsq(design[~held_out], y[~held_out], rcond=None)
    residual = (y - design @ weights)[held_out]
    expected = 1 - (residual**2).sum() / ((y - y[held_out].mean())[held_out] ** 2).sum()
    assert 0.4 < expected < 0.9
    assert linear_probe(x, y[:, None], held_out)[0] == pytest.approx(expected, abs=1e-3)


def test_noise_says_nothing_and_neither_does_a_square():
    rng, x, held_out = rows(4000)
    targets = np.stack([rng.normal(size=len(x)), (x[:, 1] - 3) ** 2], axis=1)
    np.testing.assert_allclose(linear_probe(x, targets, held_out), 0, atol=0.05)


def test_a_feature_that_is_the_same_in_all_rows_does_no_harm():
    _, x, held_out = rows()
    x[:, 2] = 8.0
    assert linear_probe(x, x[:, 1:2], held_out)[0] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("held_out", [np.ones(4, bool), np.zeros(4, bool)])
def test_without_rows_to_learn_from_or_to_score_on_there_is_no_probe(held_out):
    with pytest.raises(ValueError, match="needs rows to learn from, and others"):
        linear_probe(np.eye(4), np.eye(4), held_out)


def test_a_target_without_variance_is_named():
    _, x, held_out = rows()
    targets = np.stack([x[:, 0], np.where(held_out, 1.0, x[:, 1])], axis=1)
    with pytest.raises(ValueError, match="target 1 is the same in all held-out rows"):
        linear_probe(x, targets, held_out)


def test_numbers_of_z_that_hardly_move_are_not_in_use():
    _, x, _ = rows()
    assert active_units(np.stack([x[:, 1], 0.05 * x[:, 1], 0.2 * x[:, 2]], axis=1)) == 2
