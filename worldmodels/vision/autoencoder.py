"""The note's V, an autoencoder: 256 -> 64 tanh -> 16 linear -> 64 tanh -> 256 logits."""

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
from worldmodels.nn.parameters import Array, Parameters, checked_shapes, scaled_normal
from worldmodels.vision.variational import LossTerms, VisionBatch

DETERMINISTIC_LOGVAR = -100.0  # log of a variance that is none
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
    """Pictures of D pixels to z of Z numbers and back, by one hidden layer each way.

    Pictures may have any shape after the first axis; pixels lie in [0, 1].

    Args:
        arrays: the weights, as SHAPES names them.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of an autoencoder.
    """

    kind = "autoencoder"
    ERROR = "binary cross-entropy (nats a pixel)"
    error = staticmethod(binary_cross_entropy)
    noise_size = 0
    kl_floor = 0.0  # what a code that tells nothing adds to the loss

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        sizes = checked_shapes(arrays, SHAPES)
        self.z_size = sizes["Z"]
        self.pixels = sizes["D"]
        self.parameters = Parameters(arrays, dtype)

    @classmethod
    def initial(
        cls, pixels: int, hidden: int, z_size: int, rng: np.random.Generator
    ) -> Autoencoder:
        """Weights ~ N(0, 1 / fan_in), biases 0."""
        widths = {
            "encoder": (pixels, hidden),
            "z": (hidden, z_size),
            "decoder": (z_size, hidden),
            "logits": (hidden, pixels),
        }
        arrays: dict[str, Array] = {}
        for name, (fan_in, fan_out) in widths.items():
            arrays[f"{name}.weight"] = scaled_normal(rng, fan_in, fan_out)
            arrays[f"{name}.bias"] = np.zeros(fan_out)
        return cls(arrays)

    def encode(self, observations: Array) -> Array:
        """Pictures (N, ...) of D pixels to z (N, Z)."""
        x = observations.reshape(len(observations), -1)
        return dense(np.tanh(dense(x, self.parameters, "encoder")), self.parameters, "z")

    def posterior(self, observations: Array) -> tuple[Array, Array]:
        """The same, and the log-variance of each number, as a VAE gives it: here it is certain."""
        z = self.encode(observations)
        return z, np.full_like(z, DETERMINISTIC_LOGVAR)

    def decode(self, z: Array) -> Array:
        """z (N, Z) to pictures (N, D) in [0, 1]."""
        return sigmoid(self._logits(z))

    def _logits(self, z: Array) -> Array:
        hidden = np.tanh(dense(z, self.parameters, "decoder"))
        return dense(hidden, self.parameters, "logits")

    def loss(self, batch: VisionBatch) -> float:
        """Reconstruction error of the pictures, per pixel."""
        x = batch.pictures.reshape(len(batch.pictures), -1)
        return self.error(self._logits(self.encode(x)), x)[0]

    def parts(self, batch: VisionBatch) -> LossTerms:
        """The same as the parts of a VAE's loss; that z tells without noise costs nothing here."""
        error = self.loss(batch)
        return LossTerms(error, 0.0, error)

    def loss_and_gradient(self, batch: VisionBatch) -> tuple[float, Parameters]:
        """The same loss, and its gradient by every parameter."""
        p = self.parameters
        x = batch.pictures.reshape(len(batch.pictures), -1)
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
