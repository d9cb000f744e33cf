"""The reference stub's V, an autoencoder: 256 -> 64 tanh -> 16 linear -> 64 tanh -> 256 logits.

The stub: github.com/cybertronai/schmidhuber-problems, world-models-carracing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from worldmodels.nn.layers import (
    binary_cross_entropy,
    dense,
    dense_backward,
    dense_gradient,
    sigmoid,
)
from worldmodels.nn.parameters import Array, Parameters, dense_layers, match_shapes
from worldmodels.vision.variational import LossTerms, VisionBatch

DETERMINISTIC_LOGVAR = -100.0  # stands for a variance of 0
SHAPES = {
    "encoder.weight": ("D", "H"),
    "encoder.bias": ("H",),
    "z.weight": ("H", "Z"),
    "z.bias": ("Z",),
    "decoder.weight": ("Z", "H"),
    "decoder.bias": ("H",),
    "logits.weight": ("H", "D"),
    "logits.bias": ("D",),
}


class Autoencoder:
    """An autoencoder of D pixels and a z of Z numbers, with one hidden layer each way.

    Observations may have any shape after the first axis; pixels lie in [0, 1].

    Args:
        arrays: the weights, named as in SHAPES.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of an autoencoder.
    """

    kind = "autoencoder"
    ERROR = "binary cross-entropy (nats a pixel)"
    error = staticmethod(binary_cross_entropy)
    noise_size = 0
    columns = 1
    kl_floor = 0.0  # there is no KL term

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        sizes = match_shapes(arrays, SHAPES)
        self.z_size = sizes["Z"]
        self.pixels = sizes["D"]
        self.parameters = Parameters(arrays, dtype)

    @classmethod
    def initial(
        cls, pixels: int, hidden: int, z_size: int, rng: np.random.Generator
    ) -> Autoencoder:
        """An untrained autoencoder: weights ~ N(0, 1 / fan_in), biases 0."""
        layers = {
            "encoder": (pixels, hidden),
            "z": (hidden, z_size),
            "decoder": (z_size, hidden),
            "logits": (hidden, pixels),
        }
        return cls(dense_layers(rng, layers))

    def encode(self, observations: Array) -> Array:
        """z (N, Z) of observations (N, ...) of D pixels."""
        x = observations.reshape(len(observations), -1)
        return dense(np.tanh(dense(x, self.parameters, "encoder")), self.parameters, "z")

    def posterior(self, observations: Array) -> tuple[Array, Array]:
        """Mean and log-variance of z, (N, Z) each, as a VAE gives them; the variance is 0."""
        z = self.encode(observations)
        return z, np.full_like(z, DETERMINISTIC_LOGVAR)

    def decode(self, z: Array) -> Array:
        """Observations (N, D) in [0, 1] of z (N, Z)."""
        return sigmoid(self._logits(z))

    def _logits(self, z: Array) -> Array:
        hidden = np.tanh(dense(z, self.parameters, "decoder"))
        return dense(hidden, self.parameters, "logits")

    def loss(self, batch: VisionBatch) -> float:
        """The reconstruction error per pixel."""
        x = batch.observations.reshape(len(batch.observations), -1)
        return self.error(self._logits(self.encode(x)), x)[0]

    def terms(self, batch: VisionBatch) -> LossTerms:
        """The loss as the terms of a VAE's; the KL term of a deterministic z is 0."""
        error = self.loss(batch)
        return LossTerms(error, 0.0, error)

    def loss_and_gradient(self, batch: VisionBatch) -> tuple[float, Parameters]:
        """The loss and its gradient by all parameters."""
        p = self.parameters
        x = batch.observations.reshape(len(batch.observations), -1)
        encoded = np.tanh(dense(x, p, "encoder"))
        z = dense(encoded, p, "z")
        decoded = np.tanh(dense(z, p, "decoder"))
        loss, dlogits = self.error(dense(decoded, p, "logits"), x)

        gradient = p.zeros_like()
        ddecoded = dense_backward(dlogits, decoded, p, gradient, "logits") * (1 - decoded**2)
        dz = dense_backward(ddecoded, z, p, gradient, "decoder")
        dencoded = dense_backward(dz, encoded, p, gradient, "z") * (1 - encoded**2)
        dense_gradient(dencoded, x, gradient, "encoder")
        return loss, gradient
