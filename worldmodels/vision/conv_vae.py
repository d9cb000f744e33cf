"""Convolutional VAEs: the paper's, and smaller ones for small views of CarRacing and Doom.

Convolutions, mean and log-variance of z, transposed convolutions (Ha & Schmidhuber 2018).
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
from worldmodels.nn.layers import dense, dense_backward, relu
from worldmodels.nn.parameters import Array, Parameters, match_shapes
from worldmodels.vision.squared_error_vae import SquaredErrorVAE
from worldmodels.vision.variational import Activations


class Layout(NamedTuple):
    """The layers for observations of one size: kernels, and channels at width_multiplier 1."""

    view: tuple[int, int]  # height and width of an observation
    encoder: tuple[tuple[int, int], ...]  # kernel and output channels of each convolution
    encoder_out: tuple[int, int]  # height and width after the last convolution
    decoder_in: tuple[int, int]  # height and width before the first transposed convolution
    decoder: tuple[tuple[int, int], ...]  # kernel and input channels of each

    @property
    def shapes(self) -> dict[str, tuple[str, ...]]:
        """The shapes of all arrays, in letters.

        C stands for the channels of an observation, E1, E2... for those that the convolutions give,
        D1, D2... for those that the transposed convolutions take.
        """
        shapes: dict[str, tuple[str, ...]] = {}
        inputs = "C"
        for number, (kernel, _) in enumerate(self.encoder, start=1):
            shapes[f"conv{number}.weight"] = (str(kernel), str(kernel), inputs, f"E{number}")
            shapes[f"conv{number}.bias"] = (f"E{number}",)
            inputs = f"E{number}"
        for name in ("mean", "logvar"):
            shapes[f"{name}.weight"] = (f"{math.prod(self.encoder_out)}{inputs}", "Z")
            shapes[f"{name}.bias"] = ("Z",)
        units = f"{math.prod(self.decoder_in)}D1"
        shapes |= {"project.weight": ("Z", units), "project.bias": (units,)}
        for number, (kernel, _) in enumerate(self.decoder, start=1):
            outputs = f"D{number + 1}" if number < len(self.decoder) else "C"
            shapes[f"deconv{number}.weight"] = (str(kernel), str(kernel), outputs, f"D{number}")
            shapes[f"deconv{number}.bias"] = (outputs,)
        return shapes


PAPER_LAYOUT = Layout(  # 64 -> 31 -> 14 -> 6 -> 2, and 1 -> 5 -> 13 -> 30 -> 64
    view=(64, 64),
    encoder=((4, 32), (4, 64), (4, 128), (4, 256)),
    encoder_out=(2, 2),
    decoder_in=(1, 1),
    decoder=((5, 1024), (5, 128), (6, 64), (6, 32)),
)
SMALL_LAYOUT = Layout(  # 28 x 32 -> 13 x 15 -> 5 x 6, and back; ours, at a tenth of the cost
    view=(28, 32),
    encoder=((4, 16), (5, 32)),
    encoder_out=(5, 6),
    decoder_in=(5, 6),
    decoder=((5, 32), (4, 16)),
)
WIDE_LAYOUT = SMALL_LAYOUT._replace(  # 28 x 80 -> 13 x 39 -> 5 x 18, and back
    view=(28, 80), encoder_out=(5, 18), decoder_in=(5, 18)
)
LAYOUTS = (PAPER_LAYOUT, SMALL_LAYOUT, WIDE_LAYOUT)


class ConvVAE(SquaredErrorVAE):
    """A convolutional VAE for observations (N, height, width, C).

    Args:
        arrays: the weights, named as in the `shapes` of one of LAYOUTS.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of a convolutional VAE.
    """

    kind = "conv_vae"

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        self._layout = _layout_of(arrays)
        sizes = match_shapes(arrays, self._layout.shapes)
        pixels = math.prod(self._layout.view) * sizes["C"]
        super().__init__(Parameters(arrays, dtype), pixels, sizes["Z"])
        self._convolutions = [f"conv{n}" for n, _ in enumerate(self._layout.encoder, start=1)]
        self._transposed = [f"deconv{n}" for n, _ in enumerate(self._layout.decoder, start=1)]

    @classmethod
    def initial(
        cls,
        shape: tuple[int, ...],
        z_size: int,
        width_multiplier: float,
        rng: np.random.Generator,
    ) -> ConvVAE:
        """An untrained ConvVAE.

        Weights ~ N(0, 2 / fan_in) before a ReLU, else N(0, 1 / fan_in); biases 0.

        Args:
            shape: of an observation: height, width, C.
            z_size: latent dimensions.
            width_multiplier: scales the layout's channels.
            rng: draws the weights.

        Raises:
            ValueError: there is no layout for observations of this size.
        """
        layouts = {layout.view: layout for layout in LAYOUTS}
        if len(shape) != 3 or shape[:2] not in layouts:
            *others, last = (f"{height} x {width}" for height, width in layouts)
            known = f"{', '.join(others)} or {last}"
            found = " x ".join(map(str, shape))
            raise ValueError(f"conv_vae takes observations of {known} pixels; found {found}")
        layout = layouts[shape[0], shape[1]]
        channels, arrays = shape[2], dict[str, Array]()

        def layer(name: str, weight: tuple[int, ...], outputs: int, variance: float) -> None:
            arrays[f"{name}.weight"] = rng.normal(0, np.sqrt(variance), weight)
            arrays[f"{name}.bias"] = np.zeros(outputs)

        inputs = channels
        for number, (kernel, full) in enumerate(layout.encoder, start=1):
            outputs = _scale_channels(full, width_multiplier)
            weight = (kernel, kernel, inputs, outputs)
            layer(f"conv{number}", weight, outputs, 2 / (kernel**2 * inputs))
            inputs = outputs
        features = math.prod(layout.encoder_out) * inputs
        for name in ("mean", "logvar"):
            layer(name, (features, z_size), z_size, 1 / features)
        decoder = [
            *(_scale_channels(full, width_multiplier) for _, full in layout.decoder),
            channels,
        ]
        units = math.prod(layout.decoder_in) * decoder[0]
        layer("project", (z_size, units), units, 1 / z_size)
        kernels = [kernel for kernel, _ in layout.decoder]
        for number, (kernel, (i, o)) in enumerate(zip(kernels, pairwise(decoder), strict=True), 1):
            # An output pixel lies in (kernel / 2)^2 windows, or in 1 if there is only one window.
            windows = 1 if number == 1 and layout.decoder_in == (1, 1) else (kernel / 2) ** 2
            gain = 1 if number == len(kernels) else 2
            layer(f"deconv{number}", (kernel, kernel, o, i), o, gain / (windows * i))
        return cls(arrays)

    def _encoder(self, observations: Array) -> Activations:
        activations = [observations]
        for name in self._convolutions:
            x = convolution(activations[-1], self.parameters, name)
            activations.append(relu(x))
        return [*activations, x.reshape(len(x), -1)]

    def _encoder_backward(
        self, dfeatures: Array, activations: Activations, gradient: Parameters
    ) -> None:
        *xs, last, _ = activations
        dx = dfeatures.reshape(last.shape)
        dx *= last > 0
        for name, x in zip(self._convolutions[:0:-1], xs[:0:-1], strict=True):
            dx = convolution_backward(dx, x, self.parameters, gradient, name)
            dx *= x > 0
        convolution_gradient(dx, xs[0], gradient, self._convolutions[0])

    def _decoder(self, z: Array) -> Activations:
        x = dense(z, self.parameters, "project")
        activations = [z, x.reshape(len(z), *self._layout.decoder_in, -1)]
        for name in self._transposed[:-1]:
            x = transposed_convolution(activations[-1], self.parameters, name)
            activations.append(relu(x))
        logits = transposed_convolution(x, self.parameters, self._transposed[-1])
        return [*activations, logits.reshape(len(z), -1)]

    def _decoder_backward(
        self, dlogits: Array, activations: Activations, gradient: Parameters
    ) -> Array:
        z, projection, *xs, _ = activations
        dx = dlogits.reshape(len(z), *self._layout.view, -1)
        first, *others = self._transposed
        for name, x in zip(others[::-1], xs[::-1], strict=True):
            dx = transposed_convolution_backward(dx, x, self.parameters, gradient, name)
            dx *= x > 0
        dx = transposed_convolution_backward(dx, projection, self.parameters, gradient, first)
        return dense_backward(dx.reshape(len(z), -1), z, self.parameters, gradient, "project")


def _layout_of(arrays: Mapping[str, Array]) -> Layout:
    """The layout that arrays are of, or that they have to fit if they are of none.

    Those of small views have the same convolutions, and features of another number.
    """
    if "conv3.weight" in arrays:
        return PAPER_LAYOUT
    features = np.shape(arrays.get("mean.weight", ()))[:1]
    channels = np.size(arrays.get("conv2.bias", ()))
    is_wide = features == (math.prod(WIDE_LAYOUT.encoder_out) * channels,)
    return WIDE_LAYOUT if is_wide else SMALL_LAYOUT


def _scale_channels(channels: int, width_multiplier: float) -> int:
    """The channels of a layer at this width."""
    return max(1, round(width_multiplier * channels))
