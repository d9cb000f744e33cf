"""The base class of VAEs whose error is a squared error, in which bright pixels may count more."""

from __future__ import annotations

from worldmodels.nn.layers import sigmoid_squared_error
from worldmodels.nn.parameters import Array
from worldmodels.vision.variational import VariationalAutoencoder


class SquaredErrorVAE(VariationalAutoencoder):
    """A VAE with a squared error.

    Small bright things on a dark ground count for more with a `bright_weight` above 1: it is the
    weight of a white pixel's squared error where a black one has 1, linear between. The weights are
    divided by their mean over black and white, so that a grey pixel's is always 1, and the loss
    keeps its scale.
    """

    ERROR = "squared error (a pixel)"
    bright_weight = 1.0

    def error(self, logits: Array, targets: Array) -> tuple[float, Array]:
        """Weighted squared error per pixel of logits (N, D), and its gradient by the logits."""
        slope, mean = self.bright_weight - 1, (1 + self.bright_weight) / 2
        weights = (1 + slope * targets) / mean if slope else 1.0
        return sigmoid_squared_error(logits, targets, weights)
