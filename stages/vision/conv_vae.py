"""The paper's V: four convolutions, (mean, log-variance) of z, four transposed convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from stages.nn.convolution import (
    convolution,
    convolution_backward,
    convolution_gradient,
    transposed_convolution,
    transposed_convolution_backward,
)
from stages.nn.layers import dense, dense_backward, sigmoid_squared_error
from stages.nn.parameters import Array, Parameters, checked_shapes
from stages.vision.variational import Trace, VariationalAutoencoder

SIDE = 64  # of a picture: 64 -> 31 -> 14 -> 6 -> 2, and 1 -> 5 -> 13 -> 30 -> 64
ENCODER = (32, 64, 128, 256)  # channels of its layers, at width 1
DECODER = (1024, 128, 64, 32)  # of what its layers are given

# C of a picture, E1 to E4 of the encoder, D1 to D4 of the decoder
SHAPES = {
    "conv1.weight": ("4", "4", "C", "E1"),
    "conv1.bias": ("E1",),
    "conv2.weight": ("4", "4", "E1", "E2"),
    "conv2.bias": ("E2",),
    "conv3.weight": ("4", "4", "E2", "E3"),
    "conv3.bias": ("E3",),
    "conv4.weight": ("4", "4", "E3", "E4"),
    "conv4.bias": ("E4",),
    "mean.weight": ("4E4", "Z"),
    "mean.bias": ("Z",),
    "logvar.weight": ("4E4", "Z"),
    "logvar.bias": ("Z",),
    "spread.weight": ("Z", "D1"),
    "spread.bias": ("D1",),
    "deconv1.weight": ("5", "5", "D2", "D1"),
    "deconv1.bias": ("D2",),
    "deconv2.weight": ("5", "5", "D3", "D2"),
    "deconv2.bias": ("D3",),
    "deconv3.weight": ("6", "6", "D4", "D3"),
    "deconv3.bias": ("D4",),
    "deconv4.weight": ("6", "6", "C", "D4"),
    "deconv4.bias": ("C",),
}
CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4")
TRANSPOSED = ("deconv1", "deconv2", "deconv3", "deconv4")


class ConvVAE(VariationalAutoencoder):
    """Pictures (N, 64, 64, C) to z and back; squared error.

    Args:
        arrays: the weights, as SHAPES names them.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of a convolutional VAE.
    """

    kind = "conv_vae"
    ERROR = "squared error (a pixel)"
    error = staticmethod(sigmoid_squared_error)

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        sizes = checked_shapes(arrays, SHAPES)
        pixels = SIDE * SIDE * sizes["C"]
        super().__init__(Parameters(arrays, dtype), pixels, sizes["Z"])

    @classmethod
    def initial(
        cls,
        shape: tuple[int, ...],
        z_size: int,
        width: float,
        rng: np.random.Generator,
    ) -> ConvVAE:
        """Weights ~ N(0, 2 / fan_in) before a ReLU, else N(0, 1 / fan_in); biases 0.

        Args:
            shape: of a picture, (64, 64, C).
            z_size: numbers a code.
            width: of all layers, as a share of the paper's channels.
            rng: draws the weights.

        Raises:
            ValueError: pictures are of another size.
        """
        if len(shape) != 3 or shape[:2] != (SIDE, SIDE):
            found = " x ".join(map(str, shape))
            raise ValueError(f"conv_vae takes pictures of {SIDE} x {SIDE} pixels; found {found}")
        encoder = [shape[2], *scaled(ENCODER, width)]
        decoder = [*scaled(DECODER, width), shape[2]]
        features = 4 * encoder[-1]
        arrays: dict[str, Array] = {}

        def layer(name: str, weight: tuple[int, ...], outputs: int, variance: float) -> None:
            arrays[f"{name}.weight"] = rng.normal(0, np.sqrt(variance), weight)
            arrays[f"{name}.bias"] = np.zeros(outputs)

        for name, (i, o) in zip(CONVOLUTIONS, pairwise(encoder), strict=True):
            layer(name, (4, 4, i, o), o, 2 / (16 * i))
        for name in ("mean", "logvar"):
            layer(name, (features, z_size), z_size, 1 / features)
        layer("spread", (z_size, decoder[0]), decoder[0], 1 / z_size)
        # A pixel lies in (kernel / 2)^2 windows, but those of a single window in one.
        for name, kernel, windows, gain, (i, o) in zip(
            TRANSPOSED, (5, 5, 6, 6), (1, 6.25, 9, 9), (2, 2, 2, 1), pairwise(decoder), strict=True
        ):
            layer(name, (kernel, kernel, o, i), o, gain / (windows * i))
        return cls(arrays)

    def _encoder(self, observations: Array) -> Trace:
        trace = [observations]
        for name in CONVOLUTIONS:
            x = convolution(trace[-1], self.parameters, name)
            trace.append(np.maximum(x, 0, out=x))
        return [*trace, x.reshape(len(x), -1)]

    def _encoder_backward(self, dfeatures: Array, trace: Trace, gradient: Parameters) -> None:
        *xs, last, _ = trace
        dx = dfeatures.reshape(last.shape)
        dx *= last > 0
        for name, x in zip(CONVOLUTIONS[:0:-1], xs[:0:-1], strict=True):
            dx = convolution_backward(dx, x, self.parameters, gradient, name)
            dx *= x > 0
        convolution_gradient(dx, xs[0], gradient, CONVOLUTIONS[0])

    def _decoder(self, z: Array) -> Trace:
        x = dense(z, self.parameters, "spread")
        trace = [z, x.reshape(len(z), 1, 1, -1)]
        for name in TRANSPOSED[:-1]:
            x = transposed_convolution(trace[-1], self.parameters, name)
            trace.append(np.maximum(x, 0, out=x))
        logits = transposed_convolution(x, self.parameters, TRANSPOSED[-1])
        return [*trace, logits.reshape(len(z), -1)]

    def _decoder_backward(self, dlogits: Array, trace: Trace, gradient: Parameters) -> Array:
        z, spread, *xs, _ = trace
        dx = dlogits.reshape(len(z), SIDE, SIDE, -1)
        for name, x in zip(TRANSPOSED[:0:-1], xs[::-1], strict=True):
            dx = transposed_convolution_backward(dx, x, self.parameters, gradient, name)
            dx *= x > 0
        dx = transposed_convolution_backward(dx, spread, self.parameters, gradient, TRANSPOSED[0])
        return dense_backward(dx.reshape(len(z), -1), z, self.parameters, gradient, "spread")


def scaled(channels: Sequence[int], width: float) -> list[int]:
    """So many channels, at this share of the paper's."""
    return [max(1, round(width * count)) for count in channels]
