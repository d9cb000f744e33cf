"""Convolutional V's: the paper's, and a small one of the same make for CarRacing's small view.

Convolutions, (mean, log-variance) of z, transposed convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from worldmodels.nn.convolution import (
    convolution,
    convolution_backward,
    convolution_gradient,
    transposed_convolution,
    transposed_convolution_backward,
)
from worldmodels.nn.layers import dense, dense_backward, relu, sigmoid_squared_error
from worldmodels.nn.parameters import Array, Parameters, checked_shapes
from worldmodels.vision.variational import Trace, VariationalAutoencoder


class Layout(NamedTuple):
    """The layers for pictures of one size: kernels, and channels at width 1."""

    picture: tuple[int, int]  # height and width
    encoder: tuple[tuple[int, int], ...]  # kernel of each convolution, and the channels it gives
    encoder_out: tuple[int, int]  # height and width of what the last of them gives
    decoder_in: tuple[int, int]  # of what the first transposed convolution is given
    decoder: tuple[tuple[int, int], ...]  # kernel of each, and the channels it is given

    @property
    def shapes(self) -> dict[str, tuple[str, ...]]:
        """Of all arrays: C channels of a picture, E1, E2... of the encoder, D1, D2... likewise."""
        shapes: dict[str, tuple[str, ...]] = {}
        inputs = "C"
        for number, (kernel, _) in enumerate(self.encoder, start=1):
            shapes[f"conv{number}.weight"] = (str(kernel), str(kernel), inputs, f"E{number}")
            shapes[f"conv{number}.bias"] = (f"E{number}",)
            inputs = f"E{number}"
        for name in ("mean", "logvar"):
            shapes[f"{name}.weight"] = (f"{math.prod(self.encoder_out)}{inputs}", "Z")
            shapes[f"{name}.bias"] = ("Z",)
        spread = f"{math.prod(self.decoder_in)}D1"
        shapes |= {"spread.weight": ("Z", spread), "spread.bias": (spread,)}
        for number, (kernel, _) in enumerate(self.decoder, start=1):
            outputs = f"D{number + 1}" if number < len(self.decoder) else "C"
            shapes[f"deconv{number}.weight"] = (str(kernel), str(kernel), outputs, f"D{number}")
            shapes[f"deconv{number}.bias"] = (outputs,)
        return shapes


PAPER = Layout(  # 64 -> 31 -> 14 -> 6 -> 2, and 1 -> 5 -> 13 -> 30 -> 64
    picture=(64, 64),
    encoder=((4, 32), (4, 64), (4, 128), (4, 256)),
    encoder_out=(2, 2),
    decoder_in=(1, 1),
    decoder=((5, 1024), (5, 128), (6, 64), (6, 32)),
)
SMALL = Layout(  # 28 x 32 -> 13 x 15 -> 5 x 6, and back: ours, for a tenth of the time
    picture=(28, 32),
    encoder=((4, 16), (5, 32)),
    encoder_out=(5, 6),
    decoder_in=(5, 6),
    decoder=((5, 32), (4, 16)),
)
LAYOUTS = (PAPER, SMALL)


class ConvVAE(VariationalAutoencoder):
    """Pictures (N, height, width, C) of the size of one of LAYOUTS to z and back; squared error.

    Args:
        arrays: the weights, as the `shapes` of that layout name them.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of a convolutional VAE.
    """

    kind = "conv_vae"
    ERROR = "squared error (a pixel)"
    error = staticmethod(sigmoid_squared_error)

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        self._layout = PAPER if "conv3.weight" in arrays else SMALL
        sizes = checked_shapes(arrays, self._layout.shapes)
        pixels = math.prod(self._layout.picture) * sizes["C"]
        super().__init__(Parameters(arrays, dtype), pixels, sizes["Z"])
        self._convolutions = [f"conv{n}" for n, _ in enumerate(self._layout.encoder, start=1)]
        self._transposed = [f"deconv{n}" for n, _ in enumerate(self._layout.decoder, start=1)]

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
            shape: of a picture, (height, width, C).
            z_size: numbers a code.
            width: of all layers, as a share of the layout's channels.
            rng: draws the weights.

        Raises:
            ValueError: there is no layout for pictures of this size.
        """
        layouts = {layout.picture: layout for layout in LAYOUTS}
        if len(shape) != 3 or shape[:2] not in layouts:
            known = " or ".join(f"{height} x {wide}" for height, wide in layouts)
            found = " x ".join(map(str, shape))
            raise ValueError(f"conv_vae takes pictures of {known} pixels; found {found}")
        layout = layouts[shape[0], shape[1]]
        channels, arrays = shape[2], dict[str, Array]()

        def layer(name: str, weight: tuple[int, ...], outputs: int, variance: float) -> None:
            arrays[f"{name}.weight"] = rng.normal(0, np.sqrt(variance), weight)
            arrays[f"{name}.bias"] = np.zeros(outputs)

        inputs = channels
        for number, (kernel, full) in enumerate(layout.encoder, start=1):
            outputs = scaled(full, width)
            layer(
                f"conv{number}",
                (kernel, kernel, inputs, outputs),
                outputs,
                2 / (kernel**2 * inputs),
            )
            inputs = outputs
        features = math.prod(layout.encoder_out) * inputs
        for name in ("mean", "logvar"):
            layer(name, (features, z_size), z_size, 1 / features)
        decoder = [*(scaled(full, width) for _, full in layout.decoder), channels]
        spread = math.prod(layout.decoder_in) * decoder[0]
        layer("spread", (z_size, spread), spread, 1 / z_size)
        kernels = [kernel for kernel, _ in layout.decoder]
        for number, (kernel, (i, o)) in enumerate(zip(kernels, pairwise(decoder), strict=True), 1):
            # A pixel lies in (kernel / 2)^2 windows, but where there is a single one, in that.
            windows = 1 if number == 1 and layout.decoder_in == (1, 1) else (kernel / 2) ** 2
            gain = 1 if number == len(kernels) else 2
            layer(f"deconv{number}", (kernel, kernel, o, i), o, gain / (windows * i))
        return cls(arrays)

    def _encoder(self, observations: Array) -> Trace:
        trace = [observations]
        for name in self._convolutions:
            x = convolution(trace[-1], self.parameters, name)
            trace.append(relu(x))
        return [*trace, x.reshape(len(x), -1)]

    def _encoder_backward(self, dfeatures: Array, trace: Trace, gradient: Parameters) -> None:
        *xs, last, _ = trace
        dx = dfeatures.reshape(last.shape)
        dx *= last > 0
        for name, x in zip(self._convolutions[:0:-1], xs[:0:-1], strict=True):
            dx = convolution_backward(dx, x, self.parameters, gradient, name)
            dx *= x > 0
        convolution_gradient(dx, xs[0], gradient, self._convolutions[0])

    def _decoder(self, z: Array) -> Trace:
        x = dense(z, self.parameters, "spread")
        trace = [z, x.reshape(len(z), *self._layout.decoder_in, -1)]
        for name in self._transposed[:-1]:
            x = transposed_convolution(trace[-1], self.parameters, name)
            trace.append(relu(x))
        logits = transposed_convolution(x, self.parameters, self._transposed[-1])
        return [*trace, logits.reshape(len(z), -1)]

    def _decoder_backward(self, dlogits: Array, trace: Trace, gradient: Parameters) -> Array:
        z, spread, *xs, _ = trace
        dx = dlogits.reshape(len(z), *self._layout.picture, -1)
        first, *others = self._transposed
        for name, x in zip(others[::-1], xs[::-1], strict=True):
            dx = transposed_convolution_backward(dx, x, self.parameters, gradient, name)
            dx *= x > 0
        dx = transposed_convolution_backward(dx, spread, self.parameters, gradient, first)
        return dense_backward(dx.reshape(len(z), -1), z, self.parameters, gradient, "spread")


def scaled(channels: int, width: float) -> int:
    """So many channels, at this share of a layout's."""
    return max(1, round(width * channels))
