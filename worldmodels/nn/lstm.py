"""An LSTM layer: one step, whole sequences, and backpropagation through time.

The gates are in the order i, f, g, o along the last axis (4H).

Sequences of different lengths are packed without padding, as in PyTorch's PackedSequence. They are
sorted by falling length; first come the rows of step 0 of all sequences, then those of step 1 of
the sequences that have one, and so on. Step t has the first batch_sizes[t] sequences; `batch_sizes`
(T,) sums to the number of rows N.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from worldmodels.nn.parameters import Array, Parameters, lecun_normal


class LSTMTrace(NamedTuple):
    """The values of a forward pass that the backward pass needs."""

    x: Array  # (N, I)
    batch_sizes: Array  # (T,)
    gates: Array  # (N, 4H), after their nonlinearities
    cells_before: Array  # (N, H), c before the step; 0 at the start
    cells: Array  # (N, H), c after it
    hidden_before: Array  # (N, H), h before the step; 0 at the start
    hidden: Array  # (N, H), h after it


def initial_lstm(rng: np.random.Generator, inputs: int, hidden: int) -> dict[str, Array]:
    """Weights ~ N(0, 1 / fan_in), biases 0, but 1 for the forget gate.

    With that bias, an untrained LSTM keeps its cells over many steps (Gers et al. 2000).
    """
    weight = lecun_normal(rng, inputs + hidden, 4 * hidden)
    bias = np.zeros(4 * hidden)
    bias[hidden : 2 * hidden] = 1.0
    return {
        "lstm.input_weight": weight[:inputs],
        "lstm.hidden_weight": weight[inputs:],
        "lstm.bias": bias,
    }


def activation_constants(hidden: int, dtype: np.dtype) -> tuple[Array, Array]:
    """a and b (4H,) such that a * tanh(a * x) + b is the sigmoid for i, f and o, and tanh for g."""
    a, b = np.full(4 * hidden, 0.5, dtype), np.full(4 * hidden, 0.5, dtype)
    a[2 * hidden : 3 * hidden], b[2 * hidden : 3 * hidden] = 1.0, 0.0
    return a, b


def split_gates(gates: Array) -> tuple[Array, Array, Array, Array]:
    """Views of i, f, g and o (..., H) in gates (..., 4H)."""
    size = gates.shape[-1] // 4
    return (
        gates[..., :size],
        gates[..., size : 2 * size],
        gates[..., 2 * size : 3 * size],
        gates[..., 3 * size :],
    )


def activate(gates: Array, constants: tuple[Array, Array]) -> None:
    """Apply the nonlinearities to the gates (..., 4H), in place."""
    a, b = constants
    gates *= a
    np.tanh(gates, out=gates)
    gates *= a
    gates += b


class LSTM:
    """An LSTM layer of I inputs and H units.

    Args:
        parameters: a model's, which include `lstm.input_weight` (I, 4H), `lstm.hidden_weight`
            (H, 4H) and `lstm.bias` (4H,).
    """

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.hidden_size = parameters["lstm.hidden_weight"].shape[0]
        self._constants = activation_constants(self.hidden_size, parameters.flat.dtype)

    def step(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c (B, H), given x (B, I) and h and c (B, H)."""
        p = self._parameters
        gates = x @ p["lstm.input_weight"]
        gates += h @ p["lstm.hidden_weight"]
        gates += p["lstm.bias"]
        activate(gates, self._constants)
        i, f, g, o = split_gates(gates)
        c = f * c
        c += i * g
        return o * np.tanh(c), c

    def forward(self, x: Array, batch_sizes: Array) -> LSTMTrace:
        """The pass over packed sequences x (N, I), from a state of zeros."""
        p = self._parameters
        gates = x @ p["lstm.input_weight"]  # (N, 4H): all steps at once
        gates += p["lstm.bias"]
        cells_before = np.zeros((len(x), self.hidden_size), x.dtype)
        cells, hidden, hidden_before = (np.zeros_like(cells_before) for _ in range(3))
        i, f, g, o = split_gates(gates)
        before = slice(0, 0)
        for now in step_slices(batch_sizes):
            if now.start:
                continued = slice(before.start, before.start + now.stop - now.start)
                hidden_before[now], cells_before[now] = hidden[continued], cells[continued]
                gates[now] += hidden_before[now] @ p["lstm.hidden_weight"]
            activate(gates[now], self._constants)
            cells[now] = f[now] * cells_before[now] + i[now] * g[now]
            hidden[now] = o[now] * np.tanh(cells[now])
            before = now
        return LSTMTrace(x, batch_sizes, gates, cells_before, cells, hidden_before, hidden)

    def backward(self, dhidden: Array, trace: LSTMTrace, gradient: Parameters) -> None:
        """Fill the layer's gradient, given dhidden (N, H) = dL/dh after every step.

        Overwrites dhidden.
        """
        p = self._parameters
        i, f, g, o = split_gates(trace.gates)
        # The derivative of a gate: y = a tanh(u) + b with u = a x, hence
        # dy/dx = a^2 (1 - tanh(u)^2) = a^2 - (y - b)^2.
        a, b = self._constants
        a_squared = a * a
        dgates = np.empty_like(trace.gates)  # (N, 4H)
        di, df, dg, do = split_gates(dgates)
        dh_next = dc_next = dhidden[:0]
        for now in reversed(step_slices(trace.batch_sizes)):  # rows of one step stay in cache
            dh = dhidden[now]
            dh[: len(dh_next)] += dh_next
            tanh_c = np.tanh(trace.cells[now])
            np.multiply(dh, tanh_c, out=do[now])
            dc = tanh_c
            dc *= tanh_c
            np.subtract(1, dc, out=dc)
            dc *= o[now]
            dc *= dh
            dc[: len(dc_next)] += dc_next
            np.multiply(dc, g[now], out=di[now])
            np.multiply(dc, trace.cells_before[now], out=df[now])
            np.multiply(dc, i[now], out=dg[now])
            slope = trace.gates[now] - b
            slope *= slope
            np.subtract(a_squared, slope, out=slope)
            dgates[now] *= slope
            dh_next = dgates[now] @ p["lstm.hidden_weight"].T
            dc *= f[now]
            dc_next = dc
        gradient["lstm.input_weight"][...] = trace.x.T @ dgates
        gradient["lstm.hidden_weight"][...] = trace.hidden_before.T @ dgates
        gradient["lstm.bias"][...] = dgates.sum(axis=0)


def step_slices(batch_sizes: Array) -> list[slice]:
    """The rows of every step of packed sequences."""
    ends = np.cumsum(batch_sizes).tolist()
    return [slice(start, end) for start, end in pairwise([0, *ends])]
