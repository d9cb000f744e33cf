"""A VAE that is convolutional across the columns of a picture, so that z keeps places.

Its layers have the same weights at every place, as in a fully convolutional network (Long et al.
2015), but along one axis: what moves sideways, moves through z. One bias of the decoder differs, so
that what is always at a place need not be in z.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from worldmodels.nn.columns import windows, windows_backward
from worldmodels.nn.layers import dense, dense_backward, relu
from worldmodels.nn.parameters import Array, Parameters, match_shapes
from worldmodels.vision.squared_error_vae import SquaredErrorVAE
from worldmodels.vision.variational import Activations

COLUMN, MARGIN = 8, 4  # pixels of a column, and those that the encoder sees on each side of it
WINDOW = COLUMN + 2 * MARGIN
MEAN_PIXEL = 0.35  # subtracted from pixels: the first layer learns several times faster
LOGVAR_START, LOGVAR_SCALE = -2.0, 0.3  # of the first log-variances: little noise to begin with
NEIGHBOURS = 3  # columns whose z the decoder of one sees: its own, and one on each side
SHAPES = {
    "encoder1.weight": ("S", str(WINDOW), "C", "H"),
    "encoder1.bias": ("H",),
    "encoder2.weight": ("H", "G"),
    "encoder2.bias": ("G",),
    "mean.weight": ("G", "K"),
    "mean.bias": ("K",),
    "logvar.weight": ("G", "K"),
    "logvar.bias": ("K",),
    "decoder1.weight": (f"{NEIGHBOURS}K", "G"),
    "decoder1.bias": ("P", "G"),  # of each column: what is always at a place need not be in z
    "decoder2.weight": ("G", "H"),
    "decoder2.bias": ("H",),
    "logits.weight": ("H", "S", str(COLUMN), "C"),
    "logits.bias": ("S", str(COLUMN), "C"),
}


class ColumnVAE(SquaredErrorVAE):
    """A VAE for observations (N, S, 8 * P, C) in P columns of 8 pixels; squared error.

    z has K numbers of each column, one column after the other. A column is encoded from a window of
    16 pixels, 4 of them on each side of it, and decoded from the z of three columns; beyond the
    edges pixels are those of the edge, and z is 0. There are two hidden layers of rectified units
    each way, of H and G units.

    Args:
        arrays: the weights, named as in SHAPES.
        dtype: float32 in the pipeline, float64 to check gradients.

    Raises:
        ValueError: the arrays are not those of such a VAE.
    """

    kind = "column_vae"

    def __init__(self, arrays: Mapping[str, Array], dtype: type = np.float32) -> None:
        sizes = match_shapes(arrays, SHAPES)
        self.columns = sizes["P"]
        pixels = sizes["S"] * COLUMN * self.columns * sizes["C"]
        super().__init__(Parameters(arrays, dtype), pixels, self.columns * sizes["K"])

    @classmethod
    def initial(
        cls, shape: tuple[int, ...], hidden: int, z_size: int, rng: np.random.Generator
    ) -> ColumnVAE:
        """An untrained ColumnVAE.

        Weights ~ N(0, 2 / fan_in) before a ReLU, else N(0, 1 / fan_in); biases 0. Those of
        log-variances differ: less weight, and a bias below 0.

        Args:
            shape: of an observation: height, width, C; the width is a multiple of 8.
            hidden: units of the hidden layer beside the pixels, H; the one beside z has half.
            z_size: latent dimensions, a multiple of the columns.
            rng: draws the weights.

        Raises:
            ValueError: the width or `z_size` is no such multiple.
        """
        height, width, channels = shape
        columns, rest = divmod(width, COLUMN)
        if rest or not columns:
            raise ValueError(
                f"column_vae takes observations whose width is a multiple of {COLUMN}; "
                f"found {width}"
            )
        numbers, rest = divmod(z_size, columns)
        if rest or not numbers:
            raise ValueError(
                f"the z of column_vae has as many numbers of each of {columns} columns, so z_size "
                f"is a multiple of {columns}; found {z_size}"
            )
        half = max(1, hidden // 2)
        arrays = dict[str, Array]()

        def layer(
            name: str, inputs: tuple[int, ...], outputs: tuple[int, ...], gain: float = 2
        ) -> None:
            std = np.sqrt(gain / np.prod(inputs))
            arrays[f"{name}.weight"] = rng.normal(0, std, (*inputs, *outputs))
            arrays[f"{name}.bias"] = np.zeros(outputs)

        layer("encoder1", (height, WINDOW, channels), (hidden,))
        layer("encoder2", (hidden,), (half,))
        for name in ("mean", "logvar"):
            layer(name, (half,), (numbers,), gain=1)
        arrays["logvar.weight"] *= LOGVAR_SCALE
        arrays["logvar.bias"] += LOGVAR_START
        layer("decoder1", (NEIGHBOURS * numbers,), (half,))
        arrays["decoder1.bias"] = np.zeros((columns, half))
        layer("decoder2", (half,), (hidden,))
        layer("logits", (hidden,), (height, COLUMN, channels), gain=1)
        return cls(arrays)

    def _encoder(self, observations: Array) -> Activations:
        p = self.parameters
        x = self._pixel_windows(observations)  # (N * P, S * WINDOW * C)
        hidden: Array = x @ p["encoder1.weight"].reshape(x.shape[-1], -1)
        hidden += p["encoder1.bias"]
        hidden = relu(hidden)
        return [x, hidden, relu(dense(hidden, p, "encoder2"))]

    def _encoder_backward(
        self, dfeatures: Array, activations: Activations, gradient: Parameters
    ) -> None:
        x, hidden, features = activations
        dfeatures *= features > 0
        dhidden = dense_backward(dfeatures, hidden, self.parameters, gradient, "encoder2")
        dhidden *= hidden > 0
        weight = gradient["encoder1.weight"]
        weight[...] = (x.T @ dhidden).reshape(weight.shape)
        gradient["encoder1.bias"][...] = dhidden.sum(axis=0)

    def _pixel_windows(self, observations: Array) -> Array:
        """What the encoder sees of each column, (N * P, S * WINDOW * C)."""
        edges = [(0, 0), (0, 0), (MARGIN, MARGIN), (0, 0)]
        x = np.pad(observations - observations.dtype.type(MEAN_PIXEL), edges, mode="edge")
        x = np.lib.stride_tricks.sliding_window_view(x, WINDOW, axis=2)[:, :, ::COLUMN]
        return x.transpose(0, 2, 1, 4, 3).reshape(len(x) * self.columns, -1)

    def _decoder(self, z: Array) -> Activations:
        p = self.parameters
        x = windows(z.reshape(len(z), self.columns, -1), NEIGHBOURS).reshape(
            len(z) * self.columns, -1
        )
        hidden1: Array = x @ p["decoder1.weight"]
        hidden1.reshape(len(z), self.columns, -1)[...] += p["decoder1.bias"]
        hidden1 = relu(hidden1)
        hidden2 = relu(dense(hidden1, p, "decoder2"))
        logits = dense(hidden2, p, "logits")  # (N * P, S, COLUMN, C)
        logits = logits.reshape(len(z), self.columns, *logits.shape[1:]).transpose(0, 2, 1, 3, 4)
        return [x, hidden1, hidden2, logits.reshape(len(z), -1)]

    def _decoder_backward(
        self, dlogits: Array, activations: Activations, gradient: Parameters
    ) -> Array:
        x, hidden1, hidden2, _ = activations
        p = self.parameters
        height, column, channels = p["logits.bias"].shape
        dy = dlogits.reshape(-1, height, self.columns, column, channels)
        dy = dy.transpose(0, 2, 1, 3, 4).reshape(len(x), height, column, channels)
        dhidden2 = dense_backward(dy, hidden2, p, gradient, "logits")
        dhidden2 *= hidden2 > 0
        dhidden1 = dense_backward(dhidden2, hidden1, p, gradient, "decoder2")
        dhidden1 *= hidden1 > 0
        gradient["decoder1.bias"][...] = dhidden1.reshape(len(dlogits), self.columns, -1).sum(0)
        gradient["decoder1.weight"][...] = x.T @ dhidden1
        dx = (dhidden1 @ p["decoder1.weight"].T).reshape(len(dlogits), self.columns, -1)
        return windows_backward(dx, NEIGHBOURS).reshape(len(dlogits), -1)
