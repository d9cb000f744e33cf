import numpy as np
import pytest

from worldmodels.nn.parameters import Parameters
from worldmodels.training.trainer import Trainer, TrainingSet


class ConstantSlope:
    """A learner whose gradient is always 1."""

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


def step_sizes(lr_end_factor):
    """How far each of 2 x 5 steps went: Adam's step size, because all gradients are equal."""
    learner, parameters = ConstantSlope(), []

    def select(rows):
        parameters.append(learner.parameters.flat[0])
        return rows

    trainer = Trainer("train_v", FitSettings(lr_end_factor), np.random.default_rng(0))
    trainer.fit(learner, TrainingSet(20, select, held_out=None))
    return -np.diff([*parameters[1:], learner.parameters.flat[0]])


@pytest.mark.parametrize("lr_end_factor", [1.0, 0.2, 0.0])
def test_the_learning_rate_decays_linearly_to_its_end_factor(lr_end_factor):
    expected = 0.1 * np.linspace(1, lr_end_factor, 11)[:-1]  # the factor is reached at the end
    np.testing.assert_allclose(step_sizes(lr_end_factor), expected, rtol=1e-6)
