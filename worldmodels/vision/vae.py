"""A dense VAE: D -> H tanh -> (mean, log-variance) of Z -> H tanh -> D logits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from worldmodels.nn.layers import binary_cross_entropy, dense, dense_backward, dense_gradient
from worldmodels.nn.parameters import Array, Parameters, dense_layers, match_shapes
from worldmodels.vision.variational import Activations, VariationalAutoencoder

SHAPES = {
    "encoder.weight": ("D", "H"),
    "encoder.bias": ("H",),
    "mean.weight": ("H", "Z"),
    "mean.bias": ("Z",),
    "logvar.weight": ("H", "Z"),
    "logvar.bias": ("Z",),
    "decoder.weight": ("Z", "H"),
    "decoder.bias": ("H",),
    "logits.weight": ("H", "D"),
    "logits.bias": ("D",),
}


class VAE(VariationalAutoencoder):
    """The reference stub's autoencoder with a normal distribution over z.

    Observations may have any shape after the first axis; pixels lie in [0, 1].

    Args:
        arrays: the weights, named as in SHAPES.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of a VAE.
    """

    kind = "vae"
    ERROR = "binary cross-entropy (nats a pixel)"
    error = staticmethod(binary_cross_entropy)

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        sizes = match_shapes(arrays, SHAPES)
        super().__init__(Parameters(arrays, dtype), sizes["D"], sizes["Z"])

    @classmethod
    def initial(cls, pixels: int, hidden: int, z_size: int, rng: np.random.Generator) -> VAE:
        """An untrained VAE: weights ~ N(0, 1 / fan_in), biases 0."""
        layers = {
            "encoder": (pixels, hidden),
            "mean": (hidden, z_size),
            "logvar": (hidden, z_size),
            "decoder": (z_size, hidden),
            "logits": (hidden, pixels),
        }
        return cls(dense_layers(rng, layers))

    def _encoder(self, observations: Array) -> Activations:
        x = observations.reshape(len(observations), -1)
        return [x, np.tanh(dense(x, self.parameters, "encoder"))]

    def _encoder_backward(
        self, dfeatures: Array, activations: Activations, gradient: Parameters
    ) -> None:
        x, hidden = activations
        dense_gradient(dfeatures * (1 - hidden**2), x, gradient, "encoder")

    def _decoder(self, z: Array) -> Activations:
        hidden = np.tanh(dense(z, self.parameters, "decoder"))
        return [z, hidden, dense(hidden, self.parameters, "logits")]

    def _decoder_backward(
        self, dlogits: Array, activations: Activations, gradient: Parameters
    ) -> Array:
        z, hidden, _ = activations
        dhidden = dense_backward(dlogits, hidden, self.parameters, gradient, "logits")
        return dense_backward(dhidden * (1 - hidden**2), z, self.parameters, gradient, "decoder")
