"""A convolutional LSTM layer (Shi et al. 2015) over a row of columns: a step, and its gradient.

Each of P columns has H units, whose gates see windows of the input and of h, the same weights for
all columns. Beside the windows they see h of all columns: its mean, and its mean weighted by place.
"""

from __future__ import annotations

import numpy as np

from worldmodels.nn.columns import windows, windows_backward
from worldmodels.nn.lstm import activate, activation_constants, split_gates
from worldmodels.nn.parameters import Array, Parameters

KERNEL = 3  # columns of a window of h
CONV_LSTM_SHAPES = {  # I: numbers that the layer is given of each column, and KERNEL * H of h
    "lstm.weight": ("I", "4H"),
    "lstm.pooled_weight": ("2H", "4H"),
    "lstm.bias": ("4H",),
}


def positions(columns: int, dtype: np.dtype) -> Array:
    """The places (P,) of columns, from -1 to 1."""
    places: Array = np.linspace(-1, 1, columns).astype(dtype)
    return places


class ConvLSTM:
    """A convolutional LSTM layer of P columns with H units each.

    Args:
        parameters: a model's, which include those of CONV_LSTM_SHAPES.
        columns: P.
    """

    def __init__(self, parameters: Parameters, columns: int) -> None:
        self._parameters = parameters
        self.hidden_size = parameters["lstm.bias"].size // 4  # of a column
        self.inputs = len(parameters["lstm.weight"]) - KERNEL * self.hidden_size
        dtype = parameters.flat.dtype
        self._constants = activation_constants(self.hidden_size, dtype)
        places = positions(columns, dtype)
        self._pooling: Array = np.stack([np.ones_like(places), places]) / columns  # (2, P)
        self._pooling = self._pooling.astype(dtype)

    def step(self, x: Array, h: Array, c: Array) -> tuple[Array, Array, Array, Array]:
        """One step; adds to the last entries of x what the gates see of h.

        Args:
            x: (B, P, I), whose first entries are the input.
            h: (B, P, H), before the step.
            c: (B, P, H), before the step.

        Returns:
            The next h and c, the gates (B, P, 4H), and h pooled (B, 2H).
        """
        p, count = self._parameters, len(x)
        windows(h, KERNEL, out=x[:, :, self.inputs :])
        pooled = (self._pooling @ h).reshape(count, 2 * self.hidden_size)
        gates = x.reshape(-1, x.shape[-1]) @ p["lstm.weight"]
        gates = gates.reshape(*x.shape[:2], 4 * self.hidden_size)
        gates += (pooled @ p["lstm.pooled_weight"] + p["lstm.bias"])[:, None]
        activate(gates, self._constants)
        i, f, g, o = split_gates(gates)
        c = f * c
        c += i * g
        return o * np.tanh(c), c, gates, pooled

    def backward_step(
        self, dh: Array, dc: Array, gates: Array, c_before: Array, c: Array
    ) -> tuple[Array, Array]:
        """dL/dgates (B, P, 4H) before their nonlinearities, and dL/dc before the step, given
        dL/dh and dL/dc after it.
        """
        i, f, g, o = split_gates(gates)
        a, b = self._constants
        tanh_c = np.tanh(c)
        dc = dc + dh * o * (1 - tanh_c * tanh_c)
        dgates = np.empty_like(gates)
        di, df, dg, do = split_gates(dgates)
        np.multiply(dc, g, out=di)
        np.multiply(dc, c_before, out=df)
        np.multiply(dc, i, out=dg)
        np.multiply(dh, tanh_c, out=do)
        slope = gates - b  # see LSTM.backward
        slope *= slope
        np.subtract(a * a, slope, out=slope)
        dgates *= slope
        dc *= f
        return dgates, dc

    def backward_hidden(self, dgates: Array) -> Array:
        """dL/dh (B, P, H) before the step, given dL/dgates."""
        p, shape = self._parameters, dgates.shape[:2]
        dwindows = dgates.reshape(-1, dgates.shape[-1]) @ p["lstm.weight"][self.inputs :].T
        dh = windows_backward(dwindows.reshape(*shape, -1), KERNEL)
        dpooled = dgates.sum(axis=1) @ p["lstm.pooled_weight"].T
        dh += self._pooling.T @ dpooled.reshape(len(dpooled), 2, -1)
        return dh

    def backward_inputs(self, dgates: Array, count: int) -> Array:
        """dL/dx (B, P, count) of the first entries of x, given dL/dgates."""
        weight = self._parameters["lstm.weight"][:count]
        dx: Array = dgates.reshape(-1, dgates.shape[-1]) @ weight.T
        return dx.reshape(*dgates.shape[:2], count)

    def fill_gradient(self, dgates: Array, x: Array, pooled: Array, gradient: Parameters) -> None:
        """Fill the layer's gradient, given those of all steps' gates (N, P, 4H)."""
        rows = dgates.reshape(-1, dgates.shape[-1])
        gradient["lstm.weight"][...] = x.reshape(-1, x.shape[-1]).T @ rows
        over_columns = dgates.sum(axis=1)
        gradient["lstm.pooled_weight"][...] = pooled.T @ over_columns
        gradient["lstm.bias"][...] = over_columns.sum(axis=0)
