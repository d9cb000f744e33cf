"""The loop that fits V and M."""

import numpy as np
import pytest

from worldmodels.nn.parameters import Parameters
from worldmodels.training.trainer import Trainer, TrainingSet


class Slope:
    """A learner whose gradient is always the same."""

    def __init__(self):
        self.parameters = Parameters({"a": [0.0]}, np.float64)

    def loss(self, batch):
        return 1.0

    def loss_and_gradient(self, batch):
        return 1.0, Parameters({"a": [1.0]}, np.float64)


class FitSettings:
    epochs, batch_size, learning_rate = 2, 4, 0.1

    def __init__(self, lr_end_factor):
        self.lr_end_factor = lr_end_factor


def ways(lr_end_factor):
    """How far each of 2 x 5 steps went: as far as Adam's step size is, where all slopes are 1."""
    learner, places = Slope(), []

    def select(rows):
        places.append(learner.parameters.flat[0])
        return rows

    trainer = Trainer("train_v", FitSettings(lr_end_factor), np.random.default_rng(0))
    trainer.fit(learner, TrainingSet(20, select, held_out=None))
    return -np.diff([*places[1:], learner.parameters.flat[0]])


@pytest.mark.parametrize("lr_end_factor", [1.0, 0.2, 0.0])
def test_the_step_size_falls_in_a_straight_line_to_what_is_left_in_the_end(lr_end_factor):
    expected = 0.1 * np.linspace(1, lr_end_factor, 11)[:-1]  # the line ends where training does
    np.testing.assert_allclose(ways(lr_end_factor), expected, rtol=1e-6)
